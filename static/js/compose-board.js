// On the board: the file of a cell, as its variant has it, goes into the tray; a taken cell says so.
import { change, idsOf, isWhole, picked } from "./compose-tray.js";
import { keySay } from "./key-says.js";

const board = () => document.querySelector("task-board .board");
const cellOf = (letter, path) => board()?.querySelector(`:scope > .file[data-row="${CSS.escape(path)}"] > a[data-l="${letter}"]`);

export const isBoard = () => Boolean(board());

/** Of the cell that has the focus. */
export function cellTake() {
  const cell = document.activeElement.closest(".board > .file > [data-l]");
  const path = cell?.parentElement.dataset.row;
  if (!cell && document.activeElement.closest(".board > .dir")) keySay("A folder is not taken at once: go to one of its files with j.");
  else if (!cell) keySay("Whose file? Go to a cell of a variant first: j, then l.");
  else if (cell.matches(".no")) keySay(`${cell.dataset.l} did not touch ${path}: there is nothing to take.`);
  else toggle({ variant: cell.dataset.l, path });
  return true;
}

function toggle(pick) {
  change(() => (idsOf([pick]).length ? { remove: idsOf([pick]) } : { add: [pick] }));
}

/** What is taken of each cell: all of it ("all"), or part of it. A file that is named gives a ground its place there. */
export function cellsShow() {
  if (!board()) return;
  for (const cell of board().querySelectorAll(".file > a[data-taken]")) delete cell.dataset.taken;
  const picks = picked().map(({ pick }) => pick);
  const grounds = picks.filter((pick) => !pick.path).map((pick) => pick.variant);
  const named = new Set(picks.filter((pick) => pick.path && isWhole(pick)).map((pick) => pick.path));
  for (const letter of grounds) {
    for (const cell of board().querySelectorAll(`.file > a[data-l="${letter}"]:not(.no)`)) {
      if (!named.has(cell.parentElement.dataset.row)) cell.dataset.taken = "all";
    }
  }
  for (const pick of picks) {
    const cell = pick.path && cellOf(pick.variant, pick.path);
    if (cell && cell.dataset.taken !== "all") cell.dataset.taken = isWhole(pick) ? "all" : "part";
  }
}
