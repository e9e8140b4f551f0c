// Choosing lines of one side of a file: they are marked, named by the address, and told to who listens.
export class ChosenLines extends HTMLElement {
  #chosen = null;
  anchor = null; // { side, start }: where the range began

  // lines = { read, name, cells }, from a subclass: a range by its name, its name, and its cells in the view.

  /** The lines that are chosen: { side, start, end }, or null. */
  get chosen() {
    return this.#chosen;
  }

  /** Choose lines; the address names them, and `lines-chosen` is dispatched. */
  choose(range) {
    this.mark(range);
    history.replaceState(history.state, "", `#${this.lines.name(range)}`);
    this.dispatchEvent(new CustomEvent("lines-chosen", { bubbles: true, detail: range }));
  }

  mark(range) {
    for (const old of this.querySelectorAll(":is(.rows, .crows) > [aria-current]")) old.removeAttribute("aria-current");
    this.#chosen = range;
    for (const cell of this.lines.cells(this, range)) cell.setAttribute("aria-current", "true");
  }

  /** The range from where it began (`extend`), or from here, to that cell. */
  rangeTo(cell, extend) {
    const { side, start } = this.lines.read(cell.id);
    const from = extend && this.anchor?.side === side ? this.anchor.start : start;
    this.anchor = { side, start: from };
    return { side, start: Math.min(from, start), end: Math.max(from, start) };
  }
}
