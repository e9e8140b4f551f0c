// Two cells of a row: the first is kept, a second one opens what differs between the two.
import { h } from "./dom.js";

export class BoardPick {
  #board;
  #picked = null;      // {row, letter}

  constructor(board) {
    this.#board = board;
  }

  /** Whether clicks pick, instead of opening. */
  get on() { return this.#board.classList.contains("picking"); }

  turn(on) {
    this.#board.classList.toggle("picking", on);
    this.#board.querySelector("#board-pick")?.setAttribute("aria-pressed", String(on));
    if (!on) this.pick(null);
  }

  /** Whether there was something to give up. */
  cancel() {
    if (!this.#picked && !this.on) return false;
    this.turn(false);
    return true;
  }

  pick(cell) {
    const row = cell?.closest(".file");
    if (!cell || !row || !cell.dataset.l) {
      this.#picked = null;
    } else {
      const now = { row: row.dataset.row, letter: cell.dataset.l };
      const before = this.#picked;
      if (before?.row === now.row && before.letter !== now.letter) {
        this.#picked = null;
        location.assign(this.#between(now.row, before.letter, now.letter));
        return;
      }
      this.#picked = before?.row === now.row ? null : now;
    }
    this.show();
  }

  #between(path, left, right) {
    return `${this.#board.dataset.url.replace(/board$/, "compare")}?${new URLSearchParams({ left, right, path })}`;
  }

  show() {
    for (const cell of this.#board.querySelectorAll("[aria-selected]")) cell.removeAttribute("aria-selected");
    let bar = this.#board.querySelector(":scope > .pickbar");
    const picked = this.#picked;
    const row = picked && this.#board.querySelector(`.board > [data-row="${CSS.escape(picked.row)}"]`);
    if (!row) {
      bar?.remove();
      return;
    }
    row.querySelector(`[data-l="${picked.letter}"]`)?.setAttribute("aria-selected", "true");
    if (!bar) this.#board.append(bar = h("div.pickbar", { role: "status" }));
    const links = [...row.querySelectorAll("[data-l]")].filter((cell) => cell.dataset.l !== picked.letter).map((cell) =>
      h("a.btn.sm.ico", { href: this.#between(picked.row, picked.letter, cell.dataset.l), "aria-label": `Compare ${picked.letter} and ${cell.dataset.l}` }, chip(cell.dataset.l)));
    bar.replaceChildren(
      h("span", null, chip(picked.letter), ` of ${picked.row.split("/").at(-1)} with`),
      ...links,
      h("button.btn.bare.sm", { "data-unpick": "" }, "Cancel"),
    );
  }
}

function chip(letter) {
  return h(`span.v.v-${letter.toLowerCase()}.ch.sm`, null, letter);
}
