// Picking for a new variant: files, changes and lines go into the tray at the bottom of the page. The tray
// is kept and checked by the server; what stands here only says what to put in and take out.
import { actsOf, placeSay, toggle } from "./compose-acts.js";
import { cellTake, cellsShow, isBoard } from "./compose-board.js";
import { isPlace, placeSay as placeForm, placeTake, placeTaken } from "./compose-place.js";
import { actShow, formShow, hostTaken, isGround, linesShow } from "./compose-ground.js";
import { boxesCheck, boxesFocus, boxesShow, linesFor } from "./compose-lines.js";
import { change, file, idsOf, isAnswered, isIn, redo, shut, sides, tray, undo } from "./compose-tray.js";
import { trayOpen } from "./compose-tray-box.js";
import { placeYields } from "./compose-yield.js";
import { h } from "./dom.js";
import { keySay } from "./key-says.js";
import { keysTake } from "./page-keys.js";

let bars = []; // of the file in view: { n, whole, root, acts: [{ side, button, picks }] }

// --- Changes -------------------------------------------------------------------------------------

function barAdd(root, change) {
  const place = change.bar.querySelector(".hunkbar-acts");
  const acts = actsOf(change);
  for (const act of acts) {
    const title = act.title ?? `${act.label} here, for a new variant (${act.side === "right" ? "p" : "P"})`;
    act.button = h(`button.btn.sm.take${act.side === "right" ? ".main" : ""}`, { type: "button", title, "aria-pressed": "false" }, act.label);
    act.button.addEventListener("click", () => toggle(act, acts.filter((other) => other !== act)));
    place.append(act.button);
  }
  const known = { n: change.n, whole: change.whole, path: sides().get("path"), root, acts };
  // The lines of a copy face those of another file: a part of it is none of the base.
  known.lines = change.whole ? null : linesFor(change, root, acts);
  if (known.lines) {
    const lines = h("button.btn.sm.bare.take", { type: "button", "aria-expanded": "false", title: "Take single lines" }, "Lines");
    lines.addEventListener("click", () => {
      lines.setAttribute("aria-expanded", lines.getAttribute("aria-expanded") === "false");
      boxesShow(known);
    });
    known.button = lines;
    place.append(lines);
  }
  if (place.querySelector(".take:not(.main)")) {
    const more = h("button.btn.sm.bare.more", { type: "button", "aria-expanded": "false", "aria-label": "More to do with this change" }, "…");
    more.addEventListener("click", () => more.setAttribute("aria-expanded", more.getAttribute("aria-expanded") === "false"));
    place.append(more);
  }
  bars.push(known);
  pressedShow();
}

document.addEventListener("hunkbars", (event) => {
  const { root, changes } = event.detail;
  bars = bars.filter((bar) => bar.root.isConnected);
  for (const change of changes) barAdd(root, change);
});

// --- Whole files and variants --------------------------------------------------------------------

/** Says why nothing can be taken; false where it can. */
function shutSay() {
  if (shut()) keySay(shut());
  return Boolean(shut());
}

const intoOf = (form) => JSON.parse(form.dataset.into ?? "{}");

/** What a form can stand for in the tray; the base at a place also in the file of one that is taken. */
function formPicks(form) {
  if (form.dataset.picks) return [...JSON.parse(form.dataset.picks), ...Object.values(intoOf(form)).flat()];
  const { variant, path } = Object.fromEntries(new FormData(form));
  return [path ? { variant, path } : { variant }];
}

/** In whose file that is taken the form puts the base; "" where that is no such matter. */
const hostOfBase = (form) => hostTaken(Object.keys(intoOf(form)), formPicks(form));

/** What a form takes now: those that have the same effect are in by one of them. */
function formTakes(form) {
  const host = hostOfBase(form);
  return host ? intoOf(form)[host] : formPicks(form).slice(0, 1);
}

const isTaken = (form) => (isPlace(form) ? placeTaken(form) : formPicks(form).some((pick) => isIn([pick])));
const spansOf = (form) => JSON.parse(form.closest("[data-spans]")?.dataset.spans ?? "null");

/** Of the options of a place one can be taken: another one gives way. */
function formsBeside(form) {
  const place = form.closest("[data-place]");
  return place ? [...place.querySelectorAll("form[data-take]")].filter((other) => other !== form) : [];
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-take]");
  if (!form || !tray()) return;
  event.preventDefault();
  if (shutSay()) return;
  if (isPlace(form)) return placeTake(form);
  const [own, beside] = [formPicks(form), formsBeside(form).flatMap(formPicks)];
  change(() => (idsOf(own).length ? { remove: idsOf(own) } : formTaken(form, beside)));
});

function formTaken(form, beside) {
  const add = formTakes(form);
  const guests = beside.filter(({ variant, against }) => variant === "base" && against === add[0].variant);
  if (idsOf(guests).length) return { remove: idsOf(guests) }; // its file is there, and has it
  const spans = spansOf(form);
  const rest = spans ? placeYields(add[0].variant, new Set([...add, ...beside].map(({ path }) => path)), spans) : { add: [], remove: [] };
  return { add: [...rest.add, ...add], remove: [...new Set([...idsOf(beside), ...rest.remove])] };
}

document.addEventListener("click", (event) => {
  const letter = event.target.closest("[data-take-all]")?.dataset.takeAll;
  if (!letter || shutSay()) return;
  const picks = [{ variant: letter }];
  change(() => (isIn(picks) ? { remove: idsOf(picks) } : { add: picks }));
});

for (const name of ["board:read", "places:read", "places:known", "tray:same"]) document.addEventListener(name, () => pressedShow());

// --- What is picked, shown where it was picked ---------------------------------------------------

function pressedShow() {
  for (const bar of bars) {
    for (const act of bar.acts) {
      actShow(act, bar);
      if (act.place) act.button.title = placeSay(act);
    }
    if (bar.shown != null && bar.shown !== bar.lines().settled) boxesShow(bar);
  }
  for (const form of document.querySelectorAll("form[data-take]")) {
    const button = form.querySelector("button");
    button.dataset.taken = "";
    const [picks, beside, spans] = [formPicks(form), formsBeside(form).flatMap(formPicks), spansOf(form)];
    if (isPlace(form)) {
      const { partly, some } = linesShow(picks.map(({ variant }) => variant), new Set(picks.map(({ path }) => path)), spans);
      const on = isTaken(form);
      button.setAttribute("aria-pressed", (on ? partly : some) ? "mixed" : on);
      placeForm(form);
    } else formShow(button, isTaken(form), picks, beside, spans);
    if ("back" in form.dataset) form.hidden = !isTaken(form) && !hostOfBase(form) && !isGround(beside);
  }
  for (const button of document.querySelectorAll("[data-take-all]")) {
    button.setAttribute("aria-pressed", isIn([{ variant: button.dataset.takeAll }]));
  }
  cellsShow();
  if (isAnswered()) boxesCheck(); // one that was ticked meanwhile is not in the tray yet
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (["tray", "file"].includes(detail.elt.id)) pressedShow();
});

// --- Keys ----------------------------------------------------------------------------------------

/** The bar of the change one is at. */
function barNow() {
  const now = Number(file()?.querySelector("[data-now]")?.dataset.change);
  return bars.find(({ n, whole, root }) => (n === now || (whole && now)) && root.isConnected);
}

/** Does something with the bar of the change one is at, or else of the first in sight. False where there are no lines. */
function changeHere(act) {
  const view = file()?.querySelector("diff-view");
  if (!view) return false;
  if (!view.querySelector("[data-now]")) document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
  if (!view.querySelector("[data-now]")) keySay("There is no change here to take.");
  else if (sides().has("w")) keySay("While white space is ignored, changes cannot be taken: i shows all.");
  else if (barNow()) act(barNow());
  else barSoon(view, act);
  return true;
}

/** It has only just come into sight; and is not waited for in another file. */
function barSoon(view, act) {
  const stop = new AbortController();
  const look = () => {
    const bar = barNow();
    if (!view.isConnected || bar) stop.abort();
    if (bar?.root === view) act(bar);
  };
  document.addEventListener("hunkbars", look, { signal: stop.signal });
}

/** Picks the side of the change. What takes more than the change is only offered: Enter takes it. */
function sideTake(side) {
  return shutSay() || changeHere((bar) => changeTake(bar, side)) || fileOffer(side);
}

function changeTake({ acts }, side) {
  const act = acts.find((one) => one.side === side);
  if (!act) keySay(`The ${side} side of this comparison is no variant's newest state: there is nothing to take from it.`);
  else if (act.whole) act.button.focus();
  else act.button.click();
}

function fileOffer(side) {
  const button = fileTake(side);
  button?.focus();
  return Boolean(button);
}

/** The button of the whole file, where nothing of it can be taken by itself: it has no lines to show. */
function fileTake(side) {
  if (!file()) return null;
  const letter = sides().get(side);
  const form = file().querySelector(`.takes form:has([name=variant][value="${CSS.escape(letter)}"])`);
  return form?.querySelector("button");
}

/** Opens the boxes at the lines of the change, and goes to the first; or closes them. */
function linesToggle() {
  if (shutSay()) return true;
  return changeHere((bar) => {
    if (!bar.button) return keySay("Single lines of this change cannot be taken.");
    bar.button.click();
    boxesFocus(bar);
  });
}

function trayFocus(element) {
  if (!tray()) return false;
  if (tray().hidden) keySay(shut() || "Nothing is taken yet.");
  else {
    trayOpen(true); // what is folded away cannot have the focus
    element.focus();
  }
  return true;
}

function nothingTo(what) {
  if (!tray()) return false;
  keySay(shut() || `There is nothing to ${what}.`);
  return true;
}

/** Said where the key has nothing to press. */
function unlessThere(key, text) {
  if (document.body.dataset.keys !== "compare" || document.querySelector(`[data-key="${key}"]`)) return false;
  keySay(shut() || text);
  return true;
}

const NO_VARIANT = "The right side of this comparison is no variant’s newest state: there is nothing to take from it.";

keysTake({
  p: () => sideTake("right"),
  P: () => sideTake("left"),
  L: linesToggle,
  T: () => (isBoard() ? shutSay() || cellTake() : unlessThere("T", NO_VARIANT)),
  A: () => unlessThere("A", NO_VARIANT),
  o: () => trayFocus(tray()),
  O: () => trayFocus(document.querySelector("#tray-compose:enabled") ?? document.querySelector(".tray-fit :is(summary, a)") ?? tray()),
  z: () => undo() || nothingTo("undo"),
  Z: () => redo() || nothingTo("make again"),
});
