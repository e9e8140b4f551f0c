// The cell of the board that keys move: one of them is in the tab order, and it is known by its row and column, so
// that it is found again in rows that are printed anew.
import { rowsOf } from "./board-rows.js";

const TOP_PX = 48, HEADS_PX = 32;       // what stays in sight above the rows
const STEPS = { ArrowDown: [1, 0], j: [1, 0], ArrowUp: [-1, 0], k: [-1, 0], ArrowRight: [0, 1], l: [0, 1], ArrowLeft: [0, -1], h: [0, -1], PageDown: [15, 0], PageUp: [-15, 0], Home: [0, -99], End: [0, 99] };

export class BoardCursor {
  #board;
  #at = { row: "", column: 0 };

  constructor(board) {
    this.#board = board;
  }

  get #grid() { return this.#board.querySelector(".board"); }

  get cell() {
    const row = this.#at.row && this.#grid?.querySelector(`:scope > [data-row="${CSS.escape(this.#at.row)}"]`);
    return row ? row.children[Math.min(this.#at.column, row.children.length - 1)] : null;
  }

  /** The cell of a file that an event is about, or of a folder. */
  static cellOf(event) { return event.target.closest(".board [data-row] > *"); }

  /** Which cell has the focus, to come back to; null if none has. */
  get place() { return this.cell?.contains(document.activeElement) ? this.#at : null; }

  return(place) {
    if (!place || document.activeElement !== document.body) return;
    this.#at = place;
    this.cell?.focus({ preventScroll: true });
  }

  /** A cell got the focus. */
  at(cell) {
    this.cell?.setAttribute("tabindex", "-1");
    this.#at = { row: cell.parentElement.dataset.row, column: [...cell.parentElement.children].indexOf(cell) };
    cell.tabIndex = 0;
  }

  /** Of rows printed just now, one cell is in the tab order. */
  adopt() {
    for (const cell of this.#grid.querySelectorAll("[data-row] > a, [data-row] > .cell")) cell.tabIndex = -1;
    const cell = this.cell ?? this.#grid.querySelector("[data-row] > a");
    if (cell) cell.tabIndex = 0;
  }

  /** To where it was, or to the first file. */
  enter() {
    (this.cell ?? this.#grid?.querySelector("[data-row].file > a"))?.focus();
  }

  enterFirst() {
    this.#grid?.querySelector("[data-row].file > a")?.focus();
  }

  /** Back to what had the focus before the board was printed anew, or to what stands there now. */
  refocus(focused) {
    if (focused === document.activeElement) return;
    const again = focused.isConnected ? focused : focused.id && document.getElementById(focused.id);
    if (again) again.focus({ preventScroll: true });
    else if (this.#at.row) this.cell?.focus({ preventScroll: true });
  }

  /** Whether this key moves. */
  key(event, cell) {
    const step = STEPS[event.key];
    if (step) this.#move(cell, ...step);
    return Boolean(step);
  }

  #move(cell, down, right) {
    const rows = rowsOf(this.#grid).filter((row) => row.dataset.row);
    const row = cell.parentElement;
    const at = rows.indexOf(row);
    const columns = row.children.length - 1;   // who touched it is read, not visited
    const column = Math.max(0, Math.min(columns - 1, [...row.children].indexOf(cell) + right));
    if (at + down >= rows.length && down === 1) {
      this.#board.querySelector("#board-next")?.click();
      return;
    }
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + down))].children[column];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    const under = TOP_PX + HEADS_PX - next.getBoundingClientRect().top;   // not below the heads that stay
    if (under > 0) scrollBy({ top: -under, behavior: "instant" });
  }
}
