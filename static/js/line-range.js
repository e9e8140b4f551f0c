// Lines of one side of a diff, as an address names them: #R12, #L3-L9.
import { lineOf } from "./diff-rows.js";
import { centre } from "./in-sight.js";

const NAME = /^([LR])(\d{1,8})(?:-\1?(\d{1,8}))?$/;

/** { side, start, end }, or null if the name is none of lines. */
export function rangeRead(name) {
  const found = NAME.exec(name);
  if (!found) return null;
  const [start, end] = [Number(found[2]), Number(found[3] ?? found[2])];
  return { side: found[1], start: Math.min(start, end), end: Math.max(start, end) };
}

export function rangeName({ side, start, end }) {
  return start === end ? `${side}${start}` : `${side}${start}-${side}${end}`;
}

/** The cells of a range that are on the page, in order. */
export function rangeCells(view, range) {
  if (!range) return [];
  const { side, start, end } = range;
  const number = (cell) => {
    if (cell.id[0] === side) return Number(cell.id.slice(1));
    // A unified view has one cell for both sides of an equal line.
    return side === "L" ? Number(cell.dataset.l ?? 0) : 0;
  };
  return [...view.querySelectorAll(".rows > [id]")].filter((cell) => {
    const n = number(cell);
    return n >= start && n <= end;
  });
}

/** Unfold, mark and scroll to the lines that the address names: the first of them, or null. */
export async function addressShow(view) {
  const range = rangeRead(location.hash.slice(1));
  const cell = range && (await view?.reveal(range));
  if (!cell) return null;
  centre(lineOf(cell) ?? cell);
  return cell;
}
