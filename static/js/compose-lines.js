// Single lines of a change: a box at each, out of the one side's lines and in of the other's.
import { h } from "./dom.js";
import { hostOf, isLetter, picked, send, sides } from "./compose-tray.js";

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

/** Whose lines can be taken there, and into whose: asked anew each time, for that depends on what was taken. */
export function linesFor({ left, right, between }) {
  if (sides().get("left") === "base") return isLetter(right.letter) ? () => ({ guest: right.letter, host: "", side: "L" }) : null;
  if (!between) return null;
  return () => {
    const host = hostOf([left.letter, right.letter], sides().get("path")) || left.letter;
    return host === left.letter ? { guest: right.letter, host, side: "L" } : { guest: left.letter, host, side: "R" };
  };
}

/** A box at each line of a change, if they are wanted: out of the host's lines, in of the guest's. */
export function boxesShow(bar) {
  const open = bar.button.getAttribute("aria-expanded") === "true";
  const { guest, host, side } = bar.lines();
  bar.shown = open ? host : null;
  bar.button.title = host ? `Take single lines of ${guest} into what ${host} has` : "Take single lines";
  for (const row of rowsOf(bar)) {
    row.querySelector(".lp")?.remove();
    if (!open) continue;
    const number = row.id.slice(1);
    const out = row.id[0] === side;
    const label = out ? `Take out line ${number} of ${host || "the base"}` : `Take line ${number} of ${guest}`;
    const box = h("input.lp", { type: "checkbox", title: label, "aria-label": label, "data-letter": guest, "data-host": host, "data-part": out ? "left" : "right" });
    // To the diff, a press in the gutter means the address of the line.
    for (const kind of ["click", "pointerdown"]) box.addEventListener(kind, (event) => event.stopPropagation());
    box.addEventListener("click", (event) => rangeEnd(box, event.shiftKey));
    box.bar = bar;
    row.prepend(box);
  }
  boxesCheck();
}

export function boxesCheck() {
  const lines = {};
  for (const box of document.querySelectorAll(".lp")) {
    const known = (lines[box.dataset.letter + box.dataset.host] ??= linesOf(box));
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
  // From one side to the same one it is lines of that side; else whatever stands between.
  const within = boxes.slice(first, last + 1).filter((one) => sideOf(from) !== sideOf(box) || sideOf(one) === sideOf(box));
  ticked = [...within.filter((one) => one !== box), box];
}

/** The lines of that guest in that host's file that were picked so far. */
function linesOf({ dataset: { letter, host } }) {
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
  const { letter, host } = box.dataset;
  send(() => {
    const { id, ...found } = linesOf(box);
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
