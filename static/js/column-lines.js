// Lines of one column, as an address names them: #A-12, #base-3-9. A range is { side, start, end }.

const NAME = /^(.+?)-(\d{1,8})(?:-(\d{1,8}))?$/;

/** null if the name is none of lines. */
export function linesRead(name) {
  const [, side, first, last = first] = NAME.exec(name) ?? [];
  if (!side) return null;
  const [start, end] = [Number(first), Number(last)];
  return { side, start: Math.min(start, end), end: Math.max(start, end) };
}

export function linesName({ side, start, end }) {
  return start === end ? `${side}-${start}` : `${side}-${start}-${end}`;
}

/** The cells of a range that are on the page, in order. */
export function linesCells(view, { side, start, end }) {
  return [...view.querySelectorAll(".crows > [data-n]")].filter((cell) => {
    const n = Number(cell.dataset.n);
    return n >= start && n <= end && cell.id === `${side}-${n}`;
  });
}

/** What stands beside a line in the same row, in the next column to the left (-1) or right (1) that has a line there. */
export function lineBeside(cell, by, columns) {
  const isCell = (element) => element?.matches("[data-n], .void");
  let before = 0;
  for (let at = cell.previousElementSibling; at && !at.matches(".fold"); at = at.previousElementSibling) before += isCell(at);
  let column = (before % columns) + by;
  let at = cell;
  while (column >= 0 && column < columns) {
    do at = by < 0 ? at.previousElementSibling : at.nextElementSibling; while (at && !isCell(at));
    if (!at || at.dataset.n) return at;
    column += by;
  }
  return null;
}
