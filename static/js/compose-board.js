// On the board: the file of a cell, as its variant has it, goes into the tray; a taken cell says so.
import { change, idsOf, picked } from "./compose-tray.js";
import { keySay } from "./key-says.js";

const board = () => document.querySelector("task-board .board");
const cellOf = (letter, path) => board()?.querySelector(`:scope > .file[data-row="${CSS.escape(path)}"] > a[data-l="${letter}"]`);

export const isBoard = () => Boolean(board());

/** Of the cell that has the focus. */
export function cellTake() {
  const cell = document.activeElement.closest(".board > .file > [data-l]");
  const path = cell?.parentElement.dataset.row;
  if (!cell) keySay("Whose file? Go to a cell of a variant first: j, then l.");
  else if (cell.matches(".no")) keySay(`${cell.dataset.l} did not touch ${path}: there is nothing to take.`);
  else toggle({ variant: cell.dataset.l, path });
  return true;
}

function toggle(pick) {
  change(() => (idsOf([pick]).length ? { remove: idsOf([pick]) } : { add: [pick] }));
}

export function cellsShow() {
  for (const cell of board()?.querySelectorAll("[data-taken]") ?? []) delete cell.dataset.taken;
  for (const { pick } of board() ? picked() : []) {
    if (!pick.path || pick.hunks || pick.lines) continue;
    const cell = cellOf(pick.variant, pick.path);
    if (cell) cell.dataset.taken = "";
  }
}
