// What of a diff is in the window. Sections out of sight are not laid out: asking one of their lines for its place
// makes the browser do that, so only one section is asked.

import { lineOf } from "./diff-rows.js";

export const TOP_PX = 150; // what sticks to the top of the window

/** Scroll to the middle of the window. Sections out of sight have an estimated height: once they are laid out, look again. */
export function centre(element) {
  element.scrollIntoView({ block: "center" });
  requestAnimationFrame(() => element.scrollIntoView({ block: "center" }));
}

/** Where a cell is in the window; of a gap, which a narrow window does not show, the line beside it. */
export const boxOf = (cell) => ((cell.matches(".rows > *") && lineOf(cell)) || cell).getBoundingClientRect();

/** The index of the first of these cells, in order, below `top` (of the window); their number if there is none. */
export function firstBelow(view, cells, top = TOP_PX) {
  const isBelow = (element) => boxOf(element).bottom > top;
  const section = [...view.querySelectorAll(".rows, .crows")].find(isBelow);
  if (!section) return cells.length;
  const ahead = (cell) => section.compareDocumentPosition(cell) & Node.DOCUMENT_POSITION_FOLLOWING;
  const found = cells.findIndex((cell) => (section.contains(cell) ? isBelow(cell) : ahead(cell)));
  return found < 0 ? cells.length : found;
}
