// The rows of a diff, for a caret that goes along them. In split a row has two cells, one of which may be a gap; in
// unified, and in split in a narrow window, every line that is shown is a row of its own.

const isCell = (element) => element.matches(".rows > :is([id], .void)");
const isLine = (cell) => Boolean(cell?.id) && cell.checkVisibility();
const isLeft = (cell) => (cell.id ? cell.id[0] === "L" : !cell.previousElementSibling?.matches("[id^=L]"));

/** Is there room for both sides beside each other? */
const isWide = (cell) => getComputedStyle(cell.parentElement).gridTemplateColumns.includes(" ");

/** The next cell (1) or the one before (-1), over folds and what is written between lines. */
function cellNext(cell, step) {
  const [sibling, end] = step > 0 ? ["nextElementSibling", "firstElementChild"] : ["previousElementSibling", "lastElementChild"];
  let at = cell;
  do {
    let section = at.parentElement;
    at = at[sibling];
    while (!at && (section = section[sibling])) at = section.matches(".rows") ? section[end] : null;
  } while (at && !isCell(at));
  return at;
}

/** The other cell of the same row in split; null in unified and in a whole file. */
function cellBeside(cell) {
  if (!cell.closest("diff-view").classList.contains("two")) return null;
  return isLeft(cell) ? cell.nextElementSibling : cell.previousElementSibling;
}

/** The line that stands for a cell: itself, or the one beside it where it is a gap or is not shown. Null if there is none. */
export const lineOf = (cell) => [cell, cellBeside(cell)].find(isLine) ?? null;

/** The line on that side (L or R) of the row, or null. */
export function lineAcross(line, side) {
  const beside = line.id[0] === side ? null : cellBeside(line);
  return isLine(beside) ? beside : null;
}

/** The line of the next row (1) or the one before (-1): on the same side, or on the other one where that has a gap. */
export function lineNext(line, step) {
  let at = line;
  if (!isWide(line)) {
    do at = cellNext(at, step); while (at && !isLine(at));
    return at;
  }
  if (isLeft(line) === step > 0) at = cellBeside(line); // the outer cell of this row: the nearer one of the next follows
  const near = cellNext(at, step);
  const row = near ? [near, cellBeside(near)] : [];
  return row.find((cell) => cell.id[0] === line.id[0]) ?? row.find(isLine) ?? null;
}
