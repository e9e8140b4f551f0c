// Where a reader is in a diff, and the same place after the diff was replaced by a newer one.

const ANCHOR_LINES = 400;

/** The first line in sight below `top` (of the window): its text, its number, how far below it is. */
export function anchorFind(root, top) {
  for (const section of root.querySelectorAll(".rows")) {
    if (section.getBoundingClientRect().bottom <= top) continue;
    for (const cell of section.querySelectorAll(":scope > [id]")) {
      const box = cell.getBoundingClientRect();
      if (box.bottom > top) return { id: cell.id, text: cell.textContent, offset: box.top - top };
    }
  }
  return null;
}

/** Brings the line back to where it was: equal text, nearest to its old number. Unfolds it if need be. */
export async function anchorRestore(root, anchor, top, scrollBy) {
  if (!anchor) return;
  let cell = nearest(root, anchor);
  if (!cell && (await root.querySelector("diff-view")?.line(anchor.id))) cell = nearest(root, anchor);
  if (cell) scrollBy(cell.getBoundingClientRect().top - top - anchor.offset);
}

function nearest(root, anchor) {
  const was = Number(anchor.id.slice(1));
  let best = null;
  for (const cell of root.querySelectorAll(".rows > [id]")) {
    const away = Math.abs(Number(cell.id.slice(1)) - was);
    if (cell.textContent === anchor.text && away <= ANCHOR_LINES && (!best || away < best.away)) best = { cell, away };
  }
  return best?.cell ?? null;
}
