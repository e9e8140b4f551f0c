// Single lines of a change: a box at each, out of the one side's lines and in of the other's.
import { h } from "./dom.js";
import { hostOf, hostWhole, isLetter, picked, send, sides } from "./compose-tray.js";

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

/**
 * Whose lines can be taken there, and into whose: asked anew each time, for that depends on what was taken. As long as
 * neither variant is the host (`settled`), a line of either side (`own`) is one to take, into what the other side has.
 */
export function linesFor({ left, right, between, n }, root) {
  if (sides().get("left") === "base") return isLetter(right.letter) ? () => ({ guest: right.letter, host: "", side: "L", settled: "" }) : null;
  if (!between) return null;
  const letters = [left.letter, right.letter];
  // A file that the base lacks is one place, else each change is.
  const isFile = !left.hunks.length && !right.hunks.length;
  return (own) => {
    const path = sides().get("path");
    const settled = isFile ? hostOf(letters, path) : hostWhole(letters, path) || hostHere(letters, rowsOf({ root, n }));
    const host = settled || (own === "L" ? right.letter : left.letter);
    return host === left.letter ? { guest: right.letter, host, side: "L", settled } : { guest: left.letter, host, side: "R", settled };
  };
}

/** Of two variants the one into whose lines there some of the other's were put; "" for none. */
function hostHere([left, right], rows) {
  const isOf = (host) => {
    const guest = host === left ? right : left;
    const { left: out, right: put } = linesOf({ letter: guest, host });
    return rows.some(({ id }) => (id[0] === (host === left ? "L" : "R") ? out : put).has(Number(id.slice(1))));
  };
  return [left, right].find(isOf) ?? "";
}

/** A box at each line of a change, if they are wanted: out of the host's lines, in of the guest's. */
export function boxesShow(bar) {
  const open = bar.button.getAttribute("aria-expanded") === "true";
  const { guest, settled } = bar.lines();
  bar.shown = open ? settled : null;
  bar.button.title = settled ? `Take single lines of ${guest} into what ${settled} has` : "Take single lines";
  for (const row of rowsOf(bar)) {
    if (!open) row.querySelector(".lp")?.remove();
    else boxName(row.querySelector(".lp") ?? boxAdd(row, bar), bar.lines(row.id[0]));
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
  const { id } = box.parentElement;
  const out = id[0] === side;
  box.title = out ? `Take out line ${id.slice(1)} of ${host || "the base"}` : `Take line ${id.slice(1)} of ${guest}`;
  box.setAttribute("aria-label", box.title);
  Object.assign(box.dataset, { letter: guest, host, part: out ? "left" : "right" });
}

export function boxesCheck() {
  const lines = {};
  for (const box of document.querySelectorAll(".lp")) {
    const known = (lines[box.dataset.letter + box.dataset.host] ??= linesOf(box.dataset));
    box.checked = known[box.dataset.part].has(Number(box.parentElement.id.slice(1)));
  }
}

let ticked = []; // the boxes of the last click, which came last: with shift all from the one before on

function rangeEnd(box, extend) {
  const from = ticked.at(-1);
  ticked = [box];
  if (!extend || !from?.isConnected || from === box) return;
  const boxes = [...document.querySelectorAll(".lp")];
  const [first, last] = [boxes.indexOf(from), boxes.indexOf(box)].sort((a, b) => a - b);
  const sideOf = (one) => one.parentElement.id[0];
  // From one side to the same one it is lines of that side; else whatever stands between and is of the same pick.
  const within = boxes
    .slice(first, last + 1)
    .filter((one) => (sideOf(from) !== sideOf(box) || sideOf(one) === sideOf(box)) && one.dataset.letter === box.dataset.letter);
  ticked = [...within.filter((one) => one !== box), box];
}

/** The lines of that guest in that host's file that were picked so far. */
function linesOf({ letter, host }) {
  const path = sides().get("path");
  const found = picked().find(({ pick }) => pick.lines && pick.variant === letter && (pick.against ?? "") === host && pick.path === path);
  const { left = [], right = [] } = found?.pick.lines ?? {};
  return { id: found?.id, left: new Set(left), right: new Set(right) };
}

document.addEventListener("change", (event) => {
  const box = event.target.closest(".lp");
  if (!box) return;
  const on = box.checked;
  const boxes = ticked.at(-1) === box ? ticked : [box];
  const told = boxes.map((one) => [one.dataset.part, Number(one.parentElement.id.slice(1))]);
  const { letter: asked } = box.dataset;
  send(() => {
    const { guest: letter, host } = box.bar.lines(box.parentElement.id[0]);
    if (letter !== asked) return {}; // meanwhile its side became the host, and has the line
    const { id, ...found } = linesOf({ letter, host });
    for (const [part, number] of told) found[part][on ? "add" : "delete"](number);
    const lines = { left: [...found.left].sort((a, b) => a - b), right: [...found.right].sort((a, b) => a - b) };
    const some = lines.left.length + lines.right.length;
    const pick = { variant: letter, ...(host && { against: host }), path: sides().get("path"), lines };
    return some ? { add: JSON.stringify(pick) } : { remove: id };
  });
});

/** Goes to the first box of the change. */
export function boxesFocus(bar) {
  rowsOf(bar)[0]?.querySelector(".lp")?.focus();
}

/** Among the boxes: arrows to the next ones, Escape back to the button that opened them. */
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".lp")) return;
  const step = { ArrowDown: 1, ArrowUp: -1, Escape: 0 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const boxes = [...document.querySelectorAll(".lp")];
  if (step) return boxes[boxes.indexOf(event.target) + step]?.focus();
  const { button } = event.target.bar;
  button.click();
  button.focus();
});
