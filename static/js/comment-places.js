// Where lines stand in what a page shows of a file, so that threads and forms can be put below them: a diff or a whole
// file (<diff-view>, sides L and R), or columns (<diff-columns>, whose sides are called as the columns are).
import { linesCells, linesRead } from "./column-lines.js";
import { firstBelow, TOP_PX } from "./in-sight.js";
import { rangeCells } from "./line-range.js";

const VIEWS = "diff-view, diff-columns";
const isColumns = (view) => view.localName === "diff-columns";

export const viewIn = (element) => element?.querySelector(VIEWS) ?? null;
export const viewOf = (target) => target?.closest?.(VIEWS) ?? null;
export const viewsAll = () => [...document.querySelectorAll(VIEWS)];

/** The lines that a cell shows, as { side, n, cell }: its own, then that of the other side where both are equal. */
export function linesAt(target) {
  const cell = target?.closest?.("diff-view .rows > [id], diff-columns .crows > [data-n]");
  if (!cell) return [];
  if (cell.matches(".crows > *")) {
    const { side, start } = linesRead(cell.id);
    return [{ side, n: start, cell }];
  }
  const [, side, n] = /^([LR])(\d+)$/.exec(cell.id) ?? [];
  if (!side) return [];
  const own = { side, n: Number(n), cell };
  return side === "R" && cell.dataset.l ? [own, { side: "L", n: Number(cell.dataset.l), cell }] : [own];
}

/** The cells of { side, start, end } that are on the page. */
export const cellsOf = (view, range) => (isColumns(view) ? linesCells(view, range) : rangeCells(view, range));

/** Shows a line, also one that is folded away. */
export const lineReveal = (view, side, n) => (isColumns(view) ? view.line(side, n) : view.line(`${side}${n}`));

/** What rows about a line go below: the last cell of its row, or the fold that hides it; null where it is not. */
export function placeBelow(view, side, n) {
  if (!isColumns(view)) return diffBelow(view, side, n);
  const cell = linesCells(view, { side, start: n, end: n })[0];
  if (!cell) return view.foldOf(side, n);
  let last = cell;
  for (let left = columnCount(view) - 1 - columnAt(view, cell); left > 0; left--) last = last.nextElementSibling;
  return last;
}

function diffBelow(view, side, n) {
  // A unified view has one cell for both sides of an equal line.
  const cell = view.querySelector(`#${side}${n}`) ?? (side === "L" && view.querySelector(`.rows > [data-l="${n}"]`));
  if (cell) return view.classList.contains("two") && side === "L" ? cell.nextElementSibling : cell;
  const name = side === "L" ? "left" : "right";
  return [...view.querySelectorAll(".fold")].find((fold) => {
    const first = Number(fold.dataset[name]);
    return n >= first && n < first + Number(fold.dataset.count);
  });
}

const columnCount = (view) => view.querySelector(".chead").childElementCount;
const isCell = (element) => element.matches("[data-n], .void");

/** The place of a cell in its row, from 0. */
function columnAt(view, cell) {
  let before = 0;
  for (let at = cell.previousElementSibling; at && !at.matches(".fold"); at = at.previousElementSibling) before += isCell(at);
  return before % columnCount(view);
}

/** The lines of the change that begins with this cell, best first: what was written, else what was removed. */
export function changeRanges(view, first) {
  const cells = isColumns(view) ? columnsChange(view, first) : diffChange(first);
  const ranges = new Map();
  for (const { side, n } of cells) {
    const known = ranges.get(side);
    ranges.set(side, { side, start: known?.start ?? n, end: n });
  }
  return [...ranges.values()];
}

function diffChange(first) {
  const cells = [];
  let cell = first.matches(".hunkbar") ? first.nextElementSibling : first;
  for (; cell?.matches(".add, .del, .void, comment-row"); cell = cell.nextElementSibling) if (cell.id) cells.push(linesAt(cell)[0]);
  return [...cells.filter(({ side }) => side === "R"), ...cells.filter(({ side }) => side === "L")];
}

/** Rows go on from section to section, until one is equal in all columns. */
function columnsChange(view, first) {
  const found = [];
  const many = columnCount(view);
  const next = (cell) => cell.nextElementSibling ?? cell.parentElement.nextElementSibling?.firstElementChild ?? null;
  for (let cell = first; cell; ) {
    const row = [];
    for (; cell && row.length < many && !cell.matches(".fold"); cell = next(cell)) if (isCell(cell)) row.push(cell);
    if (row.length < many || !row.some((one) => one.matches(".x, .void"))) break;
    found.push(...row.filter((one) => one.dataset.n));
  }
  const lines = found.map((cell) => linesAt(cell)[0]);
  return [...lines.filter(({ cell }) => cell.matches(".x")), ...lines.filter(({ cell }) => !cell.matches(".x"))];
}

/** The change in view that one comes to next. */
export const changeAhead = (view) => view.changes[firstBelow(view, view.changes, seenTop(view))];

/** The column of a side, from 0, and how many there are; null beside a diff. */
export function columnOf(view, side) {
  if (!view || !isColumns(view)) return null;
  const cell = [...view.querySelectorAll(".crows > [data-n]")].find((one) => one.id.startsWith(`${side}-`) && linesRead(one.id).side === side);
  return cell ? columnAt(view, cell) : 0;
}

// --- What is in sight ----------------------------------------------------------------------------

/** What scrolls the lines. */
export const scrollerOf = (view) => (isColumns(view) ? view : view.closest(".live-body"));

export function seenTop(view) {
  if (isColumns(view)) return Math.max(view.querySelector(".chead").getBoundingClientRect().bottom, 0);
  return scrollerOf(view)?.getBoundingClientRect().top ?? TOP_PX;
}

/** The first cell below the top of what is seen. */
export function firstSeen(view) {
  const top = seenTop(view);
  for (const section of view.querySelectorAll(".rows, .crows")) {
    if (section.getBoundingClientRect().bottom <= top) continue;
    for (const cell of section.children) if (cell.getBoundingClientRect().bottom > top) return cell;
  }
  return null;
}
