// The compare page: keys, going from file to file without a reload, permalinks.
import "./copy.js";
import "./diff-view.js";
import "./file-tree.js";
import "./image-compare.js";
import "./minimap.js";
import { arriveAt } from "./arrive.js";
import { lineOf } from "./diff-rows.js";
import { fileLoad } from "./file-load.js";
import { findFocus, foundMark } from "./find-box.js";
import { boxOf, centre, firstBelow, TOP_PX } from "./in-sight.js";
import { isAnswer } from "./key-lead.js";
import { keySay } from "./key-says.js";
import { addressShow, rangeRead } from "./line-range.js";
import { keysTake } from "./page-keys.js";
import { isReading, readingCame } from "./reading.js";
import { isTyping } from "./typing.js";
import { differenceShow, wrapToggle } from "./wrap.js";

const file = () => document.getElementById("file");
const view = () => document.querySelector("#file diff-view");

let opening = null; // the newest file on its way, until all is as one reads it
let chosen = 0; // how often a file was, by other means than a step

/** Keys wait for what is `coming`. */
function opens(coming) {
  const mine = coming.finally(() => {
    if (opening === mine) opening = null;
  });
  opening = mine;
  return mine;
}

const fileOpen = (url, how) => opens(fileShow(url, how));

async function fileShow(url, { push = true } = {}) {
  const target = new URL(url, location.href);
  if (push) history.pushState(null, "", target.pathname + target.search + target.hash);
  if (!(await fileLoad(target))) return;
  // What had the focus went with the file before.
  if (document.activeElement === document.body) file()?.focus({ preventScroll: true });
  document.querySelector("file-tree")?.select(target.href);
  linksFollow();
  const top = file()?.getBoundingClientRect().top ?? 0;
  if (top < 0) window.scrollBy(0, top - TOP_PX + 100);
  if (push && target.hash) await lineShow();
}

function fileChoose(url, how) {
  chosen += 1;
  return fileOpen(url, how);
}

const held = []; // keys that wait for a file, in their order: { act, before, isRead }

/** To the file that is on its way, if there is one, so that no key is lost over that. Not if a file is chosen meanwhile.
 * `isRead`: only once it is known how its changes stand. */
async function fileThen(act, { isRead = false } = {}) {
  if (!opening && !held.length && !(isRead && isReading())) return act();
  held.push({ act, before: chosen, isRead });
  if (held.length > 1) return;
  while (held.length) {
    if (opening) await opening.catch(() => null); // what stopped it has been told
    else if (held[0].isRead && isReading()) await readingCame().catch(() => null);
    else {
      const next = held.shift();
      if (!held.length) isWriting = false;
      try {
        if (chosen === next.before) next.act();
      } catch (error) {
        reportError(error); // the next ones do not wait for it
      }
    }
  }
}

/** To the next file or the `previous` one. */
const fileStep = (name) => fileThen(() => file()?.dataset[name] && fileOpen(file().dataset[name]));

const OF_FILE = new Set("jkpPTLxfFrvVcd"); // what they do, they do to the file in view
const OF_CHANGES = new Set("pPL");
let isWriting = false; // a key that waits opens a field: what is typed after it is meant for that, and no key

/** Whoever has asked for the next file means that one. */
window.addEventListener(
  "keydown",
  (event) => {
    const { key, code, shiftKey, target } = event;
    if (!event.isTrusted || isAnswer() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(target) || document.querySelector("dialog[open]")) return;
    const isRead = OF_CHANGES.has(key);
    const waits = opening || held.length || (isRead && isReading());
    if (!waits || !(OF_FILE.has(key) || (isWriting && key.length === 1))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isWriting) return;
    isWriting = "cd".includes(key);
    const again = new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true });
    fileThen(() => document.activeElement.dispatchEvent(again), { isRead });
  },
  { capture: true },
);

const SAME_SIDES = "[data-view], [data-space], [data-swap]";

/** Links that change a side keep the file that is shown now; those that leave the sides as they are also what was asked of it. */
function linksFollow() {
  const here = file() && new URL(file().dataset.here, location.href).searchParams;
  const path = here?.get("path");
  if (!path) return;
  for (const link of document.querySelectorAll(".cmp-bar a[href], a[data-swap]")) {
    const url = new URL(link.href);
    url.searchParams.set("path", path);
    for (const name of ["show", "context"]) {
      const asked = link.matches(SAME_SIDES) && here.get(name);
      if (asked) url.searchParams.set(name, asked);
      else url.searchParams.delete(name);
    }
    link.href = url.pathname + url.search;
  }
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.closest(".side-menu")) linksFollow();
});

// The chosen lines too, where they have the same numbers.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-view], a[data-space]");
  if (link && rangeRead(location.hash.slice(1))) link.hash = location.hash;
}, { capture: true });

// --- Lines ---------------------------------------------------------------------------------------

/** One is at that line and its change; the focus stays where something else is used, or written. */
function standAt(line) {
  const active = document.activeElement;
  const isFree = active === document.body || (file().contains(active) && !active.matches("input, textarea"));
  const change = view().changeOf(line);
  if (isFree) view().cellFocus(line);
  else if (change) view().stand(change);
}

/** Show the lines that the address names, and go there; a deferred file is asked for first. */
async function lineShow() {
  if (!view() && waits() && rangeRead(location.hash.slice(1))) await fileShow(waits().dataset.show, { push: false });
  const line = await addressShow(view());
  if (line) standAt(line);
  foundMark(view());
}

/** What shows a file that waits for a click. */
const waits = () => document.querySelector("#file form[data-show]");

/** The same in a document that is shown as it reads. */
function blockGo(step) {
  if (waits()) {
    keySay("The lines of this file wait: x shows them.");
    return;
  }
  const blocks = [...document.querySelectorAll("#file .rendered [data-change]")];
  const now = blocks.findIndex((block) => block.hasAttribute("data-now"));
  const block = blocks[Math.max(0, Math.min(blocks.length - 1, now < 0 ? (step > 0 ? 0 : blocks.length - 1) : now + step))];
  blocks[now]?.removeAttribute("data-now");
  block?.setAttribute("data-now", "");
  block?.focus({ preventScroll: true });
  block?.scrollIntoView({ block: "center" });
}

function changeGo(step) {
  if (!view()) {
    blockGo(step);
    return;
  }
  const { changes } = view();
  if (!changes.length) return;
  const next = changeNext(changes, step);
  const cell = changes[Math.max(0, Math.min(changes.length - 1, next))];
  const bar = cell.previousElementSibling;
  const line = view().cellFocus(cell, bar?.matches(".hunkbar") ? bar.dataset.says : "");
  centre(line);
  differenceShow(cell);
  history.replaceState(history.state, "", `#${line.id}`);
  if (!changes[next]) keySay(step > 0 ? "This is the last change of the file. l: the next file." : "This is the first change of the file. h: the file before.");
}

/** From the line that has the focus, or the change one is at, or from what is in sight. May be one before the first or after the last. */
function changeNext(changes, step) {
  const { caret } = view();
  const at = caret && (view().changeOf(caret) ?? caret);
  if (at && onScreen(caret)) {
    const isAfter = (cell) => at.compareDocumentPosition(cell) & Node.DOCUMENT_POSITION_FOLLOWING;
    const ahead = changes.findIndex(isAfter);
    const after = ahead < 0 ? changes.length : ahead;
    return step > 0 ? after : after - (changes[after - 1] === at ? 2 : 1);
  }
  const now = changes.findIndex((cell) => cell.hasAttribute("data-now"));
  if (now >= 0 && onScreen(changes[now])) return now + step;
  const here = firstBelow(view(), changes);
  return step > 0 ? here : here - 1;
}

/** What can be done with the change one came to stands before its lines: Tab goes there, not past it. */
function barEnter() {
  const caret = view()?.caret;
  const change = caret && view().changeOf(caret);
  if (!change || lineOf(change) !== caret) return false;
  const bar = change.previousElementSibling;
  const first = bar?.matches(".hunkbar") && bar.querySelector("button, input");
  if (!first) return false;
  first.focus();
  return true;
}

function onScreen(cell) {
  return [cell.closest(".rows"), cell].every((element) => {
    const { top, bottom } = boxOf(element);
    return bottom > 0 && top < innerHeight;
  });
}

// --- Keys ----------------------------------------------------------------------------------------

const follow = (selector) => document.querySelector(selector)?.click();
const other = (name, on) => follow(`[data-${name}]:not([aria-current])${on ? `[data-${name}="${on}"]` : ""}`);

const KEYS = {
  j: () => changeGo(1),
  k: () => changeGo(-1),
  n: () => fileStep("next"),
  l: () => KEYS.n(),
  h: () => KEYS["["](),
  "]": () => KEYS.n(),
  "[": () => fileStep("previous"),
  u: () => other("view", "unified"),
  s: () => other("view", "split"),
  w: wrapToggle,
  i: () => follow(`[data-space="${document.querySelector('[data-space="none"][aria-current]') ? "all" : "none"}"]`),
  r: () => follow("[data-render]"),
  f: () => functionShow("function"),
  F: () => functionShow("end"),
  b: () => leftGo(0),
  Tab: (event) => !event.shiftKey && barEnter(),
  x: () => (waits() ? waits().requestSubmit() : view()?.unfoldAll()),
  "/": () => findFocus(),
  t: () => document.querySelector("file-tree")?.filterFocus(),
  digit: (number) => sideGo(number),
  shiftDigit: (number) => leftGo(number),
};

keysTake(KEYS);

/** 1 is variant A, 0 the base: on the right side, with shift on the left one. */
const letterOf = (number) => (number ? String.fromCharCode(64 + number) : "0");
const sideGo = (number) => choose(document.querySelector(`[data-side="${letterOf(number)}"]`));
const leftGo = (number) => choose(document.querySelector(`[data-left="${letterOf(number)}"]`));

/** False if there is nothing to choose. */
function choose(link) {
  if (!link?.hasAttribute("aria-current")) link?.click();
  return Boolean(link);
}

/** Open the fold above the change where one is, up to the beginning of the function that it is in; or the one below, down to its end. */
function functionShow(part) {
  const now = document.querySelector("#file [data-now]");
  const buttons = [...document.querySelectorAll(`#file .fold [data-expand=${part}]`)];
  const isBefore = (button) => button.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING;
  if (!now) buttons[0]?.click();
  else if (part === "function") buttons.findLast(isBefore)?.click();
  else buttons.find((button) => !isBefore(button))?.click();
}

// --- Links ---------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const link = event.target.closest("file-tree a:not([data-find-more]), a[data-file-link]");
  const plain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (link?.href && plain) {
    event.preventDefault();
    fileChoose(link.href);
  }
});

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.show) return;
  event.preventDefault();
  fileOpen(event.target.dataset.show, { push: false }); // the same one, with its lines
});

window.addEventListener("popstate", () => {
  chosen += 1;
  opens(fileShow(location.href, { push: false }).then(lineShow)); // of a change of the hash alone too
});
opens(lineShow().then(() => arriveAt(file())));
