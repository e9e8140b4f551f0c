// Single lines of a change: a box at each, out of the one side's lines and in of the other's.
import { isOn } from "./compose-acts.js";
import { hasWhole, hostByLines, hostOf, hostWhole, linesOf } from "./compose-host.js";
import { idsOf, isLetter, send, sides } from "./compose-tray.js";
import { h } from "./dom.js";
import { keySay } from "./key-says.js";

// A row of the diff has its side and its number as id: L12, R14.
const sideOf = ({ id }) => id[0];
const numberOf = ({ id }) => Number(id.slice(1));
const rowOf = (box) => box.parentElement;

export function numbersOf(rows) {
  const of = (side) => rows.filter((row) => sideOf(row) === side).map(numberOf);
  return { L: of("L"), R: of("R") };
}

export function rowsOf({ root, n }) {
  const rows = [];
  let row = root.querySelector(`.rows > [data-change="${n}"]:not(.hunkbar)`);
  while (row?.matches(".add, .del, .void")) {
    if (row.id) rows.push(row);
    const next = row.nextElementSibling ?? row.parentElement.nextElementSibling?.firstElementChild;
    row = next?.hasAttribute("data-change") ? null : next;
  }
  return rows;
}

const isBase = () => sides().get("left") === "base";

/**
 * Whose lines can be taken there, and into whose: asked anew each time, for that depends on what was taken. As long as
 * neither variant is the host (`settled`), a line of either side (`own`) is one to take, into what the other side has.
 */
export function linesFor({ left, right, between, n }, root, acts) {
  const path = sides().get("path");
  if (isBase()) return isLetter(right.letter) ? () => ({ guest: right.letter, host: "", side: "L", settled: "" }) : null;
  if (!between) return null;
  const letters = [left.letter, right.letter];
  // A file that the base lacks is one place, else each change is.
  const isFile = !left.hunks.length && !right.hunks.length;
  return (own) => {
    const settled = isFile ? hostOf(letters, path) : hostWhole(letters, path) || hostTaken(acts) || hostByLines(letters, path, numbersOf(rowsOf({ root, n })));
    const host = settled || (own === "L" ? right.letter : left.letter);
    return host === left.letter ? { guest: right.letter, host, side: "L", settled } : { guest: left.letter, host, side: "R", settled };
  };
}

/** Of two variants the one whose side of the change was taken. */
const hostTaken = (acts) => acts.find((act) => act.letter && isOn(act))?.letter ?? "";

/** A box at each line of a change, if they are wanted. Ticked, a line is in: the host's are until they are taken out. */
export function boxesShow(bar) {
  const open = bar.button.getAttribute("aria-expanded") === "true";
  const { guest, settled } = bar.lines();
  bar.shown = open ? settled : null;
  bar.button.title = settled ? `Take single lines of ${guest} into what ${settled} has` : "Take single lines";
  for (const row of rowsOf(bar)) {
    if (!open) row.querySelector(".lp")?.remove();
    else boxName(row.querySelector(".lp") ?? boxAdd(row, bar), bar.lines(sideOf(row)));
  }
  boxesCheck();
}

function boxAdd(row, bar) {
  const box = h("input.lp", { type: "checkbox" });
  // To the diff, a press in the gutter means the address of the line.
  for (const kind of ["click", "pointerdown"]) box.addEventListener(kind, (event) => event.stopPropagation());
  box.addEventListener("click", (event) => rangeEnd(box, event.shiftKey));
  box.bar = bar;
  row.prepend(box);
  return box;
}

function boxName(box, { guest, host, side }) {
  const row = rowOf(box);
  const out = sideOf(row) === side;
  box.title = out ? `Keep line ${numberOf(row)} of ${host || "the base"}` : `Take line ${numberOf(row)} of ${guest}`;
  box.setAttribute("aria-label", box.title);
  Object.assign(box.dataset, { letter: guest, host, part: out ? "left" : "right" });
}

export function boxesCheck() {
  const lines = {};
  for (const box of document.querySelectorAll(".lp")) {
    const known = (lines[box.dataset.letter + box.dataset.host] ??= linesOf(box.dataset, box.bar.path));
    const { part } = box.dataset;
    const isPicked = known[part].has(numberOf(rowOf(box))) || isTaken(box);
    box.checked = isPicked !== (part === "left");
  }
}

/** By which act all of the guest's lines there were taken: of a change of the base, or of a place of the host's new file. */
const changeTaken = ({ acts, lines }) =>
  acts.find((act) => (isBase() ? act.side === "right" : act.place?.letter === lines().guest) && isOn(act));
const changeReverted = ({ acts }) => acts.some((act) => act.undo && isOn(act));
const fileTaken = ({ bar, dataset }) => isBase() && hasWhole(dataset.letter, bar.path);

/** Was all of the change taken, so that its lines are in without having been picked one by one? */
const isTaken = (box) => Boolean(changeTaken(box.bar)) || (fileTaken(box) && !changeReverted(box.bar));

/** What lines stand for once they are picked one by one: all of the change, or a side that is there as the base is. */
function insteadOf(bar) {
  const all = changeTaken(bar);
  return all ? all.picks : bar.acts.filter(isOn).flatMap((act) => act.picks.filter((pick) => pick.variant === "base"));
}

let ticked = []; // the boxes of the last click, which came last: with shift all from the one before on

function rangeEnd(box, extend) {
  const from = ticked.at(-1);
  ticked = [box];
  if (!extend || !from?.isConnected || from === box) return;
  const boxes = [...document.querySelectorAll(".lp")];
  const [first, last] = [boxes.indexOf(from), boxes.indexOf(box)].sort((a, b) => a - b);
  const side = (one) => sideOf(rowOf(one));
  // From one side to the same one it is lines of that side; else whatever stands between and is of the same pick.
  const within = boxes
    .slice(first, last + 1)
    .filter((one) => (side(from) !== side(box) || side(one) === side(box)) && one.dataset.letter === box.dataset.letter);
  ticked = [...within.filter((one) => one !== box), box];
}

document.addEventListener("change", (event) => {
  const box = event.target.closest(".lp");
  if (!box) return;
  const on = box.checked;
  const boxes = ticked.at(-1) === box ? ticked : [box];
  const told = boxes.map((one) => [one.dataset.part, numberOf(rowOf(one))]);
  const { letter: asked } = box.dataset;
  const { path } = box.bar; // by the time it is sent another file may be in view
  if (fileTaken(box)) {
    keySay(`All of this file is taken from ${asked}: single lines can be chosen when that is out of the tray.`);
    return boxesCheck();
  }
  send(() => {
    const { guest: letter, host } = box.bar.lines(sideOf(rowOf(box)));
    if (letter !== asked) return {}; // meanwhile its side became the host, and has the line
    const { id, ...found } = linesOf({ letter, host }, path);
    const bars = [...new Set(boxes.map((one) => one.bar))];
    for (const bar of bars.filter(changeTaken)) {
      for (const row of rowsOf(bar)) found[sideOf(row) === bar.lines().side ? "left" : "right"].add(numberOf(row));
    }
    for (const [part, number] of told) found[part][on === (part === "right") ? "add" : "delete"](number);
    const lines = { left: [...found.left].sort((a, b) => a - b), right: [...found.right].sort((a, b) => a - b) };
    const some = lines.left.length + lines.right.length;
    const pick = { variant: letter, ...(host && { against: host }), path, lines };
    const instead = idsOf(bars.flatMap(insteadOf));
    return some ? { add: JSON.stringify(pick), remove: instead } : { remove: [id, ...instead].filter(Boolean) };
  });
});

const boxesOf = (bar) => rowsOf(bar).map((row) => row.querySelector(".lp"));

/** Goes to the first box of the change with which a line is taken. */
export function boxesFocus(bar) {
  const boxes = boxesOf(bar);
  (boxes.find((box) => box?.dataset.part === "right") ?? boxes[0])?.focus();
}

/** In the same change, the box of the other side that is as far from its first one. */
function boxBeside(box, side) {
  const own = sideOf(rowOf(box));
  const of = (name) => boxesOf(box.bar).filter((one) => sideOf(rowOf(one)) === name);
  return own === side ? null : (of(side)[of(own).indexOf(box)] ?? of(side).at(-1));
}

/** Among the boxes: arrows to the next ones and to the other side's, Escape back to the button that opened them. */
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".lp")) return;
  const step = { ArrowDown: 1, ArrowUp: -1, ArrowLeft: "L", ArrowRight: "R", Escape: 0 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const boxes = [...document.querySelectorAll(".lp")];
  if (typeof step === "string") return boxBeside(event.target, step)?.focus();
  if (step) return boxes[boxes.indexOf(event.target) + step]?.focus();
  const { button } = event.target.bar;
  button.click();
  button.focus();
});
