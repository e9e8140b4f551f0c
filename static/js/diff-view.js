// <diff-view>: one file's diff. The rows come from the server; this adds unfolding, choosing lines (which
// are permalinks), selecting text of one side only, and colours for diffs that came without them.
import { ChosenLines } from "./chosen-lines.js";
import { coloursApply } from "./diff-colours.js";
import { lineAcross, lineNext, lineOf } from "./diff-rows.js";
import { h } from "./dom.js";
import { rangeCells, rangeName, rangeRead } from "./line-range.js";
import { answerSoon } from "./patience.js";

const STEP = 20;
const SECTION_MAX = 200;

class DiffView extends ChosenLines {
  lines = { read: rangeRead, name: rangeName, cells: rangeCells };
  #changes = null;
  #longs = null; // sees which long lines are in sight

  connectedCallback() {
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("keydown", (event) => this.#arrow(event));
    this.addEventListener("pointerdown", (event) => this.#side(event));
    this.#longs = new IntersectionObserver((entries) => entries.forEach((entry) => this.#differenceShow(entry)));
    this.#longFit();
    this.addEventListener("diff-rows", () => this.#longFit());
    if (this.dataset.colours) this.stopColours = coloursApply(this, this.dataset.colours);
  }

  disconnectedCallback() {
    this.stopColours?.();
    this.#longs.disconnect();
  }

  // A line that would fill pages stands in a box of its own, which can be opened.
  #longFit() {
    for (const cell of this.querySelectorAll(".rows > .long:not(:has(> .lw))")) {
      cell.append(h("button.btn.sm.lw", { type: "button", "aria-expanded": "false", title: "A very long line: show all of it, or a part" }, "Whole line"));
      this.#longs.observe(cell);
    }
  }

  /** Both sides of it, so that they stay side by side. */
  #longToggle(button) {
    const open = button.getAttribute("aria-expanded") === "false";
    const cell = button.parentElement;
    const beside = cell.id[0] === "L" ? cell.nextElementSibling : cell.previousElementSibling;
    const isPair = this.classList.contains("two") && beside?.matches(".long") && beside.id[0] !== cell.id[0];
    for (const one of isPair ? [cell, beside] : [cell]) {
      one.classList.toggle("open", open);
      const own = one.querySelector(":scope > .lw");
      own?.setAttribute("aria-expanded", String(open));
      own?.replaceChildren(open ? "A part of the line" : "Whole line");
    }
  }

  /** Its box begins at what is different in it, the first time it is in sight. */
  #differenceShow({ target: cell, isIntersecting }) {
    if (!isIntersecting) return;
    this.#longs.unobserve(cell);
    const mark = cell.querySelector("mark");
    if (mark) cell.scrollTop = mark.offsetTop - cell.clientHeight / 3;
  }

  /** The first row of every change, in order. */
  get changes() {
    // Unfolding brings equal lines only, so the list holds as long as the element does.
    this.#changes ??= [...this.querySelectorAll("[data-change]:not(.hunkbar)")];
    return this.#changes;
  }

  /** The cell of a line, `L12` or `R12`; unfolds what hides it. Null if there is none. */
  async line(name) {
    const found = this.#cell(name);
    if (found) return found;
    const side = name[0] === "L" ? "left" : "right";
    const number = Number(name.slice(1));
    for (const fold of this.querySelectorAll(".fold")) {
      const first = Number(fold.dataset[side]);
      if (number >= first && number < first + Number(fold.dataset.count)) {
        await this.#unfold(fold, "all");
        return this.#cell(name);
      }
    }
    return null;
  }

  #cell(name) {
    // A unified view has one cell for both sides of an equal line.
    const left = name[0] === "L" ? `, [data-l="${name.slice(1)}"]` : "";
    return this.querySelector(`#${name}${left}`);
  }

  #click(event) {
    const whole = event.target.closest(".lw");
    if (whole) {
      this.#longToggle(whole);
      return;
    }
    const button = event.target.closest("[data-expand]");
    if (button) {
      this.#unfold(button.closest(".fold"), button.dataset.expand);
      return;
    }
    const cell = event.target.closest(".rows > [id]");
    if (cell && event.clientX - cell.getBoundingClientRect().left < this.#gutter(cell)) {
      this.choose(this.rangeTo(cell, event.shiftKey));
      this.cellFocus(cell);
    }
  }

  /** The line that has the focus, or null. */
  get caret() {
    const active = document.activeElement;
    return active?.matches(".rows > [id]") && this.contains(active) ? active : null;
  }

  /**
   * Puts the caret on the line that stands for a cell: it has the focus, one is at its change, and it is heard as what it
   * is: whose line, which number, what became of it. Returns the line.
   */
  cellFocus(cell, before = "") {
    const line = lineOf(cell);
    if (!line) return null;
    const change = this.changeOf(line);
    if (change) this.stand(change);
    line.tabIndex = -1;
    line.role = "group";
    line.ariaLabel = [before, this.#heard(line)].filter(Boolean).join(", ");
    line.addEventListener("blur", () => { line.role = line.ariaLabel = null; }, { once: true });
    line.focus({ preventScroll: true });
    return line;
  }

  /** One is at the change that begins with this cell. */
  stand(first) {
    this.querySelector("[data-now]")?.removeAttribute("data-now");
    first.setAttribute("data-now", "");
  }

  /** The first cell of the change that a line is of; null for an equal line. */
  changeOf(line) {
    if (!line.matches(".add, .del")) return null;
    const isAfter = (first) => first.compareDocumentPosition(line) & Node.DOCUMENT_POSITION_FOLLOWING;
    return this.changes.findLast((first) => first === line || isAfter(first)) ?? null;
  }

  /** The words are the style sheet's, which has them for those who read on from here. */
  #heard(cell) {
    const style = getComputedStyle(this);
    const word = (name) => style.getPropertyValue(name).trim().slice(1, -1);
    const became = cell.matches(".del") ? word("--gone") : cell.matches(".add") ? word("--come") : ": ";
    return word(cell.id[0] === "L" ? "--left-said" : "--right-said") + cell.id.slice(1) + became + cell.textContent;
  }

  // Arrow keys go along the rows and across to the other side; with shift they choose a range of the side one is on.
  #arrow(event) {
    const line = event.target.closest(".rows > [id]");
    if (!line || line !== event.target || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const side = { ArrowLeft: "L", ArrowRight: "R" }[event.key];
    if (!step && (!side || event.shiftKey || !this.classList.contains("two"))) return;
    event.preventDefault();
    const extended = event.shiftKey ? this.#extend(line, step) : null;
    const next = event.shiftKey ? extended?.cell : side ? lineAcross(line, side) : lineNext(line, step);
    if (!next) return;
    this.choose(extended?.range ?? this.rangeTo(next, false));
    this.cellFocus(next);
    next.scrollIntoView({ block: "nearest" });
  }

  /** The chosen lines and the next one of their side, gaps passed over; null where that is folded away. In unified view
   * an equal line stands there with its number on the right, whichever side is being chosen. */
  #extend(line, step) {
    const end = this.#chosenEnd();
    const goesOn = end !== null && this.#cell(`${this.anchor.side}${end}`) === line;
    if (!goesOn) this.rangeTo(line, false);
    const { side, start } = this.anchor;
    const number = (goesOn ? end : start) + step;
    const cell = this.#cell(`${side}${number}`);
    return cell?.checkVisibility() ? { cell, range: { side, start: Math.min(start, number), end: Math.max(start, number) } } : null;
  }

  /** The end of the chosen lines that moves; null if none are. */
  #chosenEnd() {
    if (!this.chosen || this.anchor?.side !== this.chosen.side) return null;
    return this.chosen.start === this.anchor.start ? this.chosen.end : this.chosen.start;
  }

  /** Unfold and mark lines; the first of them, or null. */
  async reveal(range) {
    let cell = null;
    for (const number of [range.end, range.start]) cell = await this.line(`${range.side}${number}`);
    if (!cell) return null;
    this.anchor = { side: range.side, start: range.start };
    this.mark(range);
    return cell;
  }

  #gutter(cell) {
    return parseFloat(getComputedStyle(cell).paddingLeft);
  }

  // A drag that starts on one side selects lines of that side only.
  #side(event) {
    if (!this.classList.contains("two")) return;
    const cell = event.target.closest(".rows > div");
    const left = this.getBoundingClientRect().left + this.clientWidth / 2;
    if (cell) this.dataset.select = event.clientX < left ? "left" : "right";
  }

  /** Shows every line of the file. */
  async unfoldAll() {
    await Promise.all([...this.querySelectorAll(".fold")].map((fold) => this.#unfold(fold, "all")));
  }

  async #unfold(fold, which) {
    if (fold.dataset.busy) return;
    fold.dataset.busy = "1";
    const [first, count] = [Number(fold.dataset.left), Number(fold.dataset.count)];
    const line = Number(fold.querySelector(`[data-expand=${which}]`)?.dataset.line);
    const wanted = { all: count, function: first + count - line, end: line + 1 - first };
    const many = Math.min(wanted[which] ?? STEP, count);
    const isBelow = which === "down" || which === "end"; // the change above
    const start = isBelow ? first : first + count - many;
    const query = new URLSearchParams({ start, end: start + many - 1 });
    try {
      const answer = await answerSoon(`${this.dataset.lines}&${query}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      const parts = document.createElement("template");
      parts.innerHTML = answer.text;
      this.#insert(fold, parts.content, isBelow);
      this.#shrink(fold, isBelow ? many : 0, many);
      this.dispatchEvent(new CustomEvent("diff-rows", { bubbles: true }));
    } catch (error) {
      fold.querySelector("span").textContent = `These lines could not be loaded. ${error.message}`;
    } finally {
      delete fold.dataset.busy;
    }
  }

  // Rows go into the fold's own section; many of them as sections of their own between its two halves.
  #insert(fold, content, isBelow) {
    const rows = [...content.querySelectorAll(".rows > *")];
    if (rows.length <= SECTION_MAX) {
      if (isBelow) fold.before(...rows);
      else fold.after(...rows);
      return;
    }
    const section = fold.parentElement;
    const rest = section.cloneNode(false);
    while (fold.nextSibling) rest.append(fold.nextSibling);
    if (isBelow) rest.prepend(fold);
    section.after(...content.children, rest);
  }

  #shrink(fold, down, many) {
    const count = Number(fold.dataset.count) - many;
    if (count <= 0) {
      fold.remove();
      return;
    }
    fold.dataset.left = Number(fold.dataset.left) + down;
    fold.dataset.right = Number(fold.dataset.right) + down;
    fold.dataset.count = count;
    if (count <= STEP) for (const button of fold.querySelectorAll("[data-expand=up], [data-expand=down]")) button.remove();
    // Where the function begins or ends may be in sight now.
    const first = Number(fold.dataset.left);
    for (const button of fold.querySelectorAll("[data-line]")) {
      const line = Number(button.dataset.line);
      if (line >= first && line < first + count) continue;
      if (button.dataset.expand === "function") button.replaceWith(...button.childNodes);
      else button.remove();
    }
    fold.querySelector("span").textContent = `${count.toLocaleString("en")} unchanged line${count === 1 ? "" : "s"}`;
  }
}

if (!customElements.get("diff-view")) customElements.define("diff-view", DiffView);
