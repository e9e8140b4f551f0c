// A press is a click only if what was pressed is still there when it ends: what is replaced in between loses it. So
// whoever replaces a part of the page waits while something in it is held down, and goes on after the click.
import { isTyping } from "./typing.js";

const KEYS = [" ", "Enter"];
const TOUCH_MS = 500; // from the end of a touch to its click, which some do not have
const HELD_MS = 20_000; // an end that nobody is told of: a scroll bar, a window of the system

const held = new Map(); // how it is pressed -> { element, key }
let waiting = []; // those who go on when nothing is

const begin = (how, press) => {
  clearTimeout(held.get(how)?.timer);
  held.set(how, { ...press, timer: setTimeout(end, HELD_MS, how) });
};

function end(how) {
  clearTimeout(held.get(how)?.timer);
  held.delete(how);
  if (held.size) return;
  const all = waiting;
  waiting = [];
  for (const go of all) go();
}

function soon(how, wait_ms = 0) {
  const press = held.get(how);
  if (!press) return;
  clearTimeout(press.timer);
  press.timer = setTimeout(end, wait_ms, how);
}

function endAll() {
  for (const how of [...held.keys()]) end(how);
}

/** Is something in there held down, or was its click not given yet? */
export const isPressed = (part) => [...held.values()].some(({ element }) => element.isConnected && part.contains(element));

/** Once nothing in there is held down. */
export const released = (part) => (isPressed(part) ? new Promise((go) => waiting.push(go)) : Promise.resolve());

const on = (name, listener) => addEventListener(name, (event) => event.isTrusted && listener(event), { capture: true, passive: true });

on("pointerdown", (event) => event.isPrimary && !event.button && begin("pointer", { element: event.target }));
// The click of a mouse comes with its end, that of a touch later.
on("pointerup", (event) => event.isPrimary && soon("pointer", event.pointerType === "touch" ? TOUCH_MS : 0));
on("click", () => soon("pointer"));
on("pointermove", (event) => event.isPrimary && !(event.buttons & 1) && event.pointerType !== "touch" && soon("pointer"));
for (const name of ["pointercancel", "dragstart", "dragend", "contextmenu"]) on(name, () => soon("pointer"));

on("keydown", ({ key, target, repeat, metaKey, ctrlKey, altKey }) => {
  if (repeat || metaKey || ctrlKey || altKey || isTyping(target)) return; // with some of these no end of a key is told
  if (KEYS.includes(key)) begin("key", { element: target, key });
});
on("keyup", ({ key }) => held.get("key")?.key === key && soon("key"));

addEventListener("blur", endAll);
addEventListener("pagehide", endAll);
