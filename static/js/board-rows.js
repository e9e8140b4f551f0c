// Laying an answer of the server over the board that is shown: what is the same stays the same element, so that
// focus, scroll and what a reader has chosen stay too. Each row and part remembers the `source` it was printed from.
const FRESH_MS = 90_000;

export const rowsOf = (grid) => [...grid.querySelectorAll(":scope > [role=row]")];

/** A part printed anew, around the field that is typed in. */
export function partLay(old, part) {
  const source = part.innerHTML;
  const typed = old.querySelector("#board-filter");
  const anew = part.querySelector("#board-filter");
  if (typed && anew && typed === document.activeElement) {
    // Taking a field out of the page would take the caret too: what is around it is replaced.
    const [line, fresh] = [typed.closest("form"), anew.closest("form")];
    const [before, after] = [[...fresh.parentElement.children], [...line.parentElement.children]];
    const at = before.indexOf(fresh);
    for (const child of after) if (child !== line) child.remove();
    line.before(...before.slice(0, at));
    line.after(...before.slice(at + 1));
    for (const hidden of line.querySelectorAll("input[type=hidden]")) hidden.remove();
    line.prepend(...fresh.querySelectorAll("input[type=hidden]"));
  } else {
    old.replaceChildren(...part.childNodes);
  }
  old.source = source;
}

/** The grid printed anew. `update`: the same question again, so cells that changed are marked for a while;
    `pending`: their marks are still to come, so those that are shown stay. */
export function rowsLay(old, part, { update, pending }) {
  attributesLay(old, part, ["aria-rowcount", "aria-colcount"]);
  if (columnsOf(old) !== columnsOf(part)) {
    old.replaceChildren(...part.childNodes);
    return;
  }
  const known = new Map(rowsOf(old).filter((row) => row.dataset.row).map((row) => [row.dataset.row, row]));
  const now = Date.now();
  let at = null;
  for (const row of rowsOf(part)) {
    const key = row.dataset.row;
    const source = row.outerHTML;
    let here = key === undefined ? old.querySelector(":scope > .colheads") : known.get(key);
    if (here) {
      known.delete(key);
      if (source !== here.source) cellsLay(here, row, { update, pending, now });
    } else {
      here = row;
      if (update && key && !key.startsWith("dir:")) freshMark(row.querySelectorAll("a.cell"), now);
    }
    here.source = source;
    const place = at ? at.nextElementSibling : old.firstElementChild;
    if (here !== place) old.insertBefore(here, place);
    at = here;
  }
  for (const row of known.values()) row.remove();
}

/** Which variants stand in the columns, from left to right. */
function columnsOf(grid) {
  return [...grid.querySelectorAll(":scope > .rails > .v")].map((rail) => rail.className).join();
}

function cellsLay(here, row, { update, pending, now }) {
  attributesLay(here, row, ["aria-rowindex"]);
  [...row.children].forEach((cell, index) => {
    const shown = here.children[index];
    const [was, is] = [numbers(shown), numbers(cell)];
    if (pending && was === is && !cell.querySelector(".mk")) {
      const mark = shown.querySelector(":scope > .mk");   // until the new ones are there
      if (mark) cell.append(mark.cloneNode());
    }
    if (shown.tagName === cell.tagName) {
      if (shown.innerHTML !== cell.innerHTML) shown.replaceChildren(...cell.childNodes);
      attributesLay(shown, cell, ["style", "title", "href", "aria-expanded", "aria-label", "aria-sort"]);
      shown.classList.toggle("no", cell.classList.contains("no"));
    } else {
      shown.replaceWith(cell);
    }
    if (update && was !== is && here.classList.contains("file") && cell.dataset.l) freshMark([here.children[index]], now);
  });
}

function attributesLay(shown, next, names) {
  for (const name of names) {
    const value = next.getAttribute(name);
    if (value === null) shown.removeAttribute(name);
    else if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
}

/** Marked for a while: changed just now. */
function freshMark(cells, now) {
  for (const cell of cells) {
    cell.classList.add("fresh");
    cell.freshSince = now;
    setTimeout(() => { if (cell.freshSince === now) cell.classList.remove("fresh"); }, FRESH_MS);
  }
}

/** What a cell says apart from its mark. */
function numbers(cell) {
  return [...cell.querySelectorAll(".p, .m, .say")].map((each) => each.textContent).join(" ") + (cell.tagName === "A" ? "" : "no");
}
