// <diff-view>: one file's diff. The rows come from the server; this adds unfolding, permalinks to lines,
// selecting one side only, and colours for diffs that came without them.
import { coloursApply } from "./diff-colours.js";

const STEP = 20;
const SECTION_MAX = 200;

class DiffView extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("pointerdown", (event) => this.#side(event));
    if (this.dataset.colours) this.stopColours = coloursApply(this, this.dataset.colours);
  }

  disconnectedCallback() {
    this.stopColours?.();
  }

  /** The first row of every change, in order. */
  get changes() {
    return [...this.querySelectorAll("[data-change]:not(.hunkbar)")];
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
    const button = event.target.closest("[data-expand]");
    if (button) {
      this.#unfold(button.closest(".fold"), button.dataset.expand);
      return;
    }
    const cell = event.target.closest(".rows > [id]");
    if (cell && event.clientX - cell.getBoundingClientRect().left < this.#gutter(cell)) {
      history.replaceState(history.state, "", `#${cell.id}`);
      this.mark(cell);
    }
  }

  #gutter(cell) {
    return parseFloat(getComputedStyle(cell).paddingLeft);
  }

  mark(cell) {
    for (const old of this.querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
    cell.setAttribute("aria-current", "true");
  }

  // A drag that starts on one side selects lines of that side only.
  #side(event) {
    if (!this.classList.contains("two")) return;
    const cell = event.target.closest(".rows > div");
    const left = this.getBoundingClientRect().left + this.clientWidth / 2;
    if (cell) this.dataset.select = event.clientX < left ? "left" : "right";
  }

  async #unfold(fold, which) {
    if (fold.dataset.busy) return;
    fold.dataset.busy = "1";
    const [first, count] = [Number(fold.dataset.left), Number(fold.dataset.count)];
    const many = which === "all" ? count : Math.min(STEP, count);
    const start = which === "up" ? first + count - many : first;
    const query = new URLSearchParams({ start, end: start + many - 1 });
    try {
      const answer = await fetch(`${this.dataset.lines}&${query}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      const parts = document.createElement("template");
      parts.innerHTML = await answer.text();
      this.#insert(fold, parts.content, which);
      this.#shrink(fold, which === "down" ? many : 0, many);
      this.dispatchEvent(new CustomEvent("diff-rows", { bubbles: true }));
    } catch (error) {
      fold.querySelector("span").textContent = `These lines could not be loaded. ${error.message}`;
    } finally {
      delete fold.dataset.busy;
    }
  }

  // Rows go into the fold's own section; many of them as sections of their own between its two halves.
  #insert(fold, content, which) {
    const rows = [...content.querySelectorAll(".rows > *")];
    if (rows.length <= SECTION_MAX) {
      if (which === "up") fold.after(...rows);
      else fold.before(...rows);
      return;
    }
    const section = fold.parentElement;
    const rest = section.cloneNode(false);
    while (fold.nextSibling) rest.append(fold.nextSibling);
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
    fold.querySelector("span").textContent = `${count.toLocaleString("en")} unchanged line${count === 1 ? "" : "s"}`;
  }
}

if (!customElements.get("diff-view")) customElements.define("diff-view", DiffView);
