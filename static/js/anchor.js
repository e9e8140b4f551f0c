// Where a reader is in a diff, and the same place after the diff was replaced by a newer one.

const ANCHOR_LINES = 400;
const AROUND = [-3, -2, -1, 1, 2, 3]; // the lines that tell a line from others with the same text

/** What tells a line again: its text, its number, what stands around it. */
export function anchorOf(root, cell) {
  return { id: cell.id, text: cell.textContent, around: around(root, cell) };
}

/** The first line in sight below `top` (of the window), and how far below it is. */
export function anchorFind(root, top) {
  for (const section of root.querySelectorAll(".rows")) {
    if (section.getBoundingClientRect().bottom <= top) continue;
    for (const cell of section.querySelectorAll(":scope > [id]")) {
      const box = cell.getBoundingClientRect();
      if (box.bottom > top) return { ...anchorOf(root, cell), offset: box.top - top };
    }
  }
  return null;
}

/** The same line: equal text and the most equal lines around it, on the same side, nearest to its old number. Unfolds it if need be. */
export async function anchorCell(root, anchor) {
  const found = nearest(root, anchor);
  if (found?.alike > AROUND.length / 2) return found.cell;
  await root.querySelector("diff-view")?.line(anchor.id);
  return nearest(root, anchor)?.cell ?? null;
}

/** Brings the line back to where it was. */
export async function anchorRestore(root, anchor, top, scrollBy) {
  const cell = anchor && (await anchorCell(root, anchor));
  if (cell) scrollBy(cell.getBoundingClientRect().top - top - anchor.offset);
}

const numberOf = (id) => Number(id.slice(1));

function around(root, { id }) {
  return AROUND.map((by) => root.querySelector(`#${id[0]}${numberOf(id) + by}`)?.textContent ?? null);
}

function nearest(root, anchor) {
  let best = null;
  for (const cell of root.querySelectorAll(".rows > [id]")) {
    const away = Math.abs(numberOf(cell.id) - numberOf(anchor.id));
    if (cell.textContent !== anchor.text || away > ANCHOR_LINES) continue;
    const lines = around(root, cell);
    const alike = lines.filter((text, at) => text === anchor.around[at]).length;
    const order = [cell.id[0] === anchor.id[0] ? 1 : 0, alike, -away];
    if (!best || isAfter(order, best.order)) best = { cell, alike, order };
  }
  return best;
}

function isAfter(order, other) {
  const at = order.findIndex((value, index) => value !== other[index]);
  return at >= 0 && order[at] > other[at];
}
