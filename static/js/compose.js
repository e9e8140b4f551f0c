// Picking for a new variant: files, changes and lines go into the tray at the bottom of the page. The tray
// is kept and checked by the server; what stands here only says what to put in and take out.
import { h } from "./dom.js";
import { keysTake } from "./page-keys.js";

const tray = () => document.getElementById("tray");
const file = () => document.getElementById("file");
const sides = () => new URL(file().dataset.here, location.href).searchParams;
const isLetter = (side) => /^[A-Z]$/.test(side ?? "");

const LIVE_MS = 500;

let bars = []; // of the file in view: { n, root, acts: [{ side, button, picks }] }
let last = Promise.resolve(); // of what is asked of the tray, one after the other: each answer replaces it

// --- The tray ------------------------------------------------------------------------------------

const hunkName = (hunk) => JSON.stringify([hunk.key, hunk.base_start, hunk.base_lines]);
const linesName = (lines) => [lines.left ?? [], lines.right ?? []];
const name = ({ variant, path = null, hunks = null, lines = null }) =>
  JSON.stringify([variant, path, hunks && hunks.map(hunkName).sort(), lines && linesName(lines)]);

function picked() {
  return JSON.parse(tray()?.dataset.picks || "[]");
}

function idsOf(picks) {
  const names = new Set(picks.map(name));
  return picked().filter(({ pick }) => names.has(name(pick))).map(({ id }) => id);
}

const isIn = (picks) => picks.length > 0 && idsOf(picks).length === picks.length;

/** `valuesOf` is asked when it is this one's turn; without it the tray is only looked at again. */
function send(valuesOf) {
  const ask = () => {
    // Of its own source: among the requests of the body it would be put off or dropped for another.
    const how = { source: "#tray", target: "#tray", swap: "outerHTML", values: valuesOf?.() ?? {} };
    return htmx.ajax(valuesOf ? "POST" : "GET", tray().dataset.url, how);
  };
  last = last.then(ask, ask); // one that failed has been told by its own event
  return last;
}

function change({ add = [], remove = [] }) {
  return send(() => ({ add: add.map((pick) => JSON.stringify(pick)), remove }));
}

let refresh = 0;

/** Agents go on: what was picked of them may be gone, or contradict. */
function follow() {
  const { live } = tray().dataset;
  if (!live || follow.on === live) return;
  follow.on = live;
  document.addEventListener(live, () => {
    clearTimeout(refresh);
    refresh = setTimeout(() => picked().length && send(), LIVE_MS);
  });
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-tray]")) return;
  event.preventDefault();
  const values = new FormData(event.target, event.submitter);
  send(() => Object.fromEntries(values));
});

// --- Changes -------------------------------------------------------------------------------------

/** What a side of a change is, as picks: the variant's hunks there, or the base's text where it has none. */
function takeOf(side, other) {
  if (side.hunks.length) return [{ variant: side.letter, path: side.path, hunks: side.hunks }];
  return other.hunks.length ? [{ variant: "base", path: other.path, hunks: other.hunks }] : [];
}

function actsOf(change) {
  const path = sides().get("path");
  const { left, right } = change;
  if (sides().get("left") === "base" && isLetter(right.letter)) {
    const take = { side: "right", label: `Take ${right.letter}`, picks: [{ variant: right.letter, path, hunks: right.hunks }] };
    const back = [{ variant: right.letter }, { variant: "base", path, hunks: right.hunks }];
    return [{ side: "left", label: "Revert", title: `All of ${right.letter} but this change`, picks: back, undo: back.slice(1) }, take];
  }
  return [["left", left, right], ["right", right, left]]
    .filter(([, side]) => isLetter(side.letter))
    .map(([where, side, other]) => {
      const picks = takeOf(side, other);
      return picks.length ? { side: where, label: `Take ${side.letter}`, picks } : wholeOf(where, side);
    });
}

/** The base has no such file, so no part of it can be taken: the file can. */
function wholeOf(where, { letter, path }) {
  const title = `The base has no such file, so it is taken whole: as ${letter} has it`;
  return { side: where, label: `Take file from ${letter}`, title, picks: [{ variant: letter, path }], whole: true };
}

function toggle(act, rest) {
  if (isIn(act.picks)) return change({ remove: idsOf(act.undo ?? act.picks) });
  const beside = rest.flatMap((other) => idsOf(other.undo ?? other.picks));
  return change({ add: act.picks.filter((pick) => !isIn([pick])), remove: beside });
}

function barAdd(root, change) {
  const place = change.bar.querySelector(".hunkbar-acts");
  const acts = actsOf(change);
  for (const act of acts) {
    const title = act.title ?? `${act.label} here, for a new variant (${act.side === "right" ? "p" : "P"})`;
    act.button = h(`button.btn.sm.take${act.side === "right" ? ".main" : ""}`, { type: "button", title, "aria-pressed": "false" }, act.label);
    act.button.addEventListener("click", () => toggle(act, acts.filter((other) => other !== act)));
    place.append(act.button);
  }
  const known = { n: change.n, root, acts };
  if (sides().get("left") === "base" && isLetter(change.right.letter)) {
    const lines = h("button.btn.sm.bare.take", { type: "button", "aria-expanded": "false", title: "Take single lines" }, "Lines");
    lines.addEventListener("click", () => linesToggle(known, lines, change.right.letter));
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

// --- Lines ---------------------------------------------------------------------------------------

function rowsOf({ root, n }) {
  const rows = [];
  let row = root.querySelector(`.rows > [data-change="${n}"]:not(.hunkbar)`);
  while (row?.matches(".add, .del, .void")) {
    if (row.id) rows.push(row);
    const next = row.nextElementSibling ?? row.parentElement.nextElementSibling?.firstElementChild;
    row = next?.hasAttribute("data-change") ? null : next;
  }
  return rows;
}

function linesToggle(bar, button, letter) {
  const open = button.getAttribute("aria-expanded") === "false";
  button.setAttribute("aria-expanded", open);
  for (const row of rowsOf(bar)) {
    row.querySelector(".lp")?.remove();
    if (!open) continue;
    const number = row.id.slice(1);
    const label = row.id[0] === "L" ? `Take out line ${number} of the base` : `Take line ${number} of ${letter}`;
    const box = h("input.lp", { type: "checkbox", "aria-label": label, "data-letter": letter });
    // To the diff, a press in the gutter means the address of the line.
    for (const kind of ["click", "pointerdown"]) box.addEventListener(kind, (event) => event.stopPropagation());
    box.addEventListener("click", (event) => rangeEnd(box, event.shiftKey));
    row.prepend(box);
  }
  pressedShow();
}

let ticked = []; // the boxes of the last click, which came last: with shift all from the one before on

function rangeEnd(box, extend) {
  const from = ticked.at(-1);
  ticked = [box];
  if (!extend || !from?.isConnected || from === box) return;
  const boxes = [...document.querySelectorAll(".lp")];
  const [first, last] = [boxes.indexOf(from), boxes.indexOf(box)].sort((a, b) => a - b);
  const sideOf = (one) => one.parentElement.id[0];
  // From one side to the same one it is lines of that side; else whatever stands between.
  const within = boxes.slice(first, last + 1).filter((one) => sideOf(from) !== sideOf(box) || sideOf(one) === sideOf(box));
  ticked = [...within.filter((one) => one !== box), box];
}

function linesOf(letter) {
  const path = sides().get("path");
  const found = picked().find(({ pick }) => pick.lines && pick.variant === letter && pick.path === path);
  const { left = [], right = [] } = found?.pick.lines ?? {};
  return { id: found?.id, left: new Set(left), right: new Set(right) };
}

document.addEventListener("change", (event) => {
  const box = event.target.closest(".lp");
  if (!box) return;
  const on = box.checked;
  const names = (ticked.at(-1) === box ? ticked : [box]).map((one) => one.parentElement.id);
  send(() => {
    const { id, left, right } = linesOf(box.dataset.letter);
    for (const name of names) (name[0] === "L" ? left : right)[on ? "add" : "delete"](Number(name.slice(1)));
    const lines = { left: [...left].sort((a, b) => a - b), right: [...right].sort((a, b) => a - b) };
    const some = lines.left.length + lines.right.length;
    const pick = { variant: box.dataset.letter, path: sides().get("path"), lines };
    return some ? { add: JSON.stringify(pick) } : { remove: id };
  });
});

// --- Whole files and variants --------------------------------------------------------------------

/** What a form takes, first; the others have the same effect, so one of them in the tray will do. */
function formPicks(form) {
  if (form.dataset.picks) return JSON.parse(form.dataset.picks);
  const { variant, path } = Object.fromEntries(new FormData(form));
  return [path ? { variant, path } : { variant }];
}

const isTaken = (form) => formPicks(form).some((pick) => isIn([pick]));

/** Of the options of a place one can be taken: another one gives way. */
function formsBeside(form) {
  const place = form.closest("[data-place]");
  return place ? [...place.querySelectorAll("form[data-take]")].filter((other) => other !== form) : [];
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-take]");
  if (!form || !tray()) return;
  event.preventDefault();
  if (isTaken(form)) change({ remove: idsOf(formPicks(form)) });
  else change({ add: [formPicks(form)[0]], remove: idsOf(formsBeside(form).flatMap(formPicks)) });
});

document.addEventListener("click", (event) => {
  const letter = event.target.closest("[data-take-all]")?.dataset.takeAll;
  if (!letter) return;
  const picks = [{ variant: letter }];
  change(isIn(picks) ? { remove: idsOf(picks) } : { add: picks });
});

document.addEventListener("board:read", () => pressedShow());
document.addEventListener("places:read", () => pressedShow());

// --- What is picked, shown where it was picked ---------------------------------------------------

function pressedShow() {
  for (const bar of bars) for (const act of bar.acts) act.button.setAttribute("aria-pressed", isIn(act.picks));
  for (const form of document.querySelectorAll("form[data-take]")) {
    const button = form.querySelector("button");
    button.dataset.taken = "";
    button.setAttribute("aria-pressed", isTaken(form));
  }
  for (const button of document.querySelectorAll("[data-take-all]")) {
    button.setAttribute("aria-pressed", isIn([{ variant: button.dataset.takeAll }]));
  }
  const lines = {};
  for (const box of document.querySelectorAll(".lp")) {
    const known = (lines[box.dataset.letter] ??= linesOf(box.dataset.letter));
    const { id } = box.parentElement;
    box.checked = known[id[0] === "L" ? "left" : "right"].has(Number(id.slice(1)));
  }
}

let focusAt = -1; // the place among the chips whose pick is being taken out

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "tray") return;
  focusAt = [...tray().querySelectorAll(".pickchip button")].indexOf(document.activeElement);
});

document.addEventListener("htmx:afterSettle", (event) => {
  const swapped = event.detail.elt.id;
  if (swapped !== "tray" && swapped !== "file") return;
  pressedShow();
  if (swapped === "tray") follow();
  if (swapped !== "tray" || focusAt < 0) return;
  const left = [...tray().querySelectorAll(".pickchip button")];
  (left[focusAt] ?? left.at(-1) ?? document.getElementById("main")).focus();
  focusAt = -1;
});

/** Picks the side of the change one is at. What takes more than the change is only offered: Enter takes it. */
function sideTake(side) {
  const now = Number(file()?.querySelector("[data-now]")?.dataset.change);
  const bar = bars.find(({ n, root }) => n === now && root.isConnected);
  const act = bar?.acts.find((one) => one.side === side);
  const button = act?.button ?? fileTake(side);
  if (!button) return false;
  if (act && !act.whole) button.click();
  else button.focus();
  return true;
}

/** The button of the whole file, where nothing of it can be taken by itself: it has no lines to show. */
function fileTake(side) {
  const letter = sides().get(side);
  const form = file()?.querySelector("diff-view") ? null : file()?.querySelector(`.takes form:has([name=variant][value="${CSS.escape(letter)}"])`);
  return form?.querySelector("button");
}

function trayFocus(element) {
  if (!tray() || tray().hidden) return false;
  element.focus();
  return true;
}

if (tray()) send();

keysTake({
  p: () => sideTake("right"),
  P: () => sideTake("left"),
  o: () => trayFocus(tray()),
  O: () => trayFocus(document.querySelector("#tray-compose:enabled") ?? tray()),
});
