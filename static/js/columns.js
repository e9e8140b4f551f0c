// The page of one file in columns: keys, opening what is folded, and addresses of lines: #A-12, #base-3.
import "./copy.js";
import "./file-tree.js";
import { keysTake } from "./page-keys.js";
import { wrapToggle } from "./wrap.js";

const STEP = 20;

class DiffColumns extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-expand]");
      if (button) this.unfold(button.closest(".fold"), button.dataset.expand);
      const cell = event.target.closest(".crows > [id]");
      if (!cell || event.clientX - cell.getBoundingClientRect().left > parseFloat(getComputedStyle(cell).paddingLeft)) return;
      this.mark(cell);
      history.replaceState(history.state, "", `#${cell.id}`);
    });
    this.addressShow();
  }

  mark(cell) {
    this.querySelector(".crows > [aria-current]")?.removeAttribute("aria-current");
    cell.setAttribute("aria-current", "true");
    this.focusTo(cell);
  }

  focusTo(cell) {
    cell.tabIndex = -1;
    cell.focus({ preventScroll: true });
  }

  /** Mark the line that the address names; opens the fold that hides it. */
  async addressShow() {
    const [, column, text] = /^#(.+)-(\d{1,8})$/.exec(decodeURIComponent(location.hash)) ?? [];
    if (!column) return;
    const find = () => [...this.querySelectorAll(".crows > [id]")].find((cell) => cell.id === `${column}-${text}`);
    if (!find()) {
      const fold = this.foldOf(column, Number(text));
      if (fold) await this.unfold(fold, "all");
    }
    const cell = find();
    if (!cell) return;
    this.mark(cell);
    this.show(cell);
    // Sections out of sight have an estimated height: once they are laid out, look again.
    requestAnimationFrame(() => this.show(cell));
  }

  /** Into the middle of this region, and the region below what sticks to the top of the window. */
  show(cell) {
    this.scrollIntoView({ block: "nearest" });
    const [box, frame] = [cell.getBoundingClientRect(), this.getBoundingClientRect()];
    const left = Math.min(box.left - frame.left, Math.max(0, box.right - frame.right));
    this.scrollBy(left, box.top - frame.top - (frame.height - box.height) / 2);
  }

  /** The last fold before the first later line of that column; it hides the line, if the column has it. */
  foldOf(column, number) {
    let last = null;
    for (const part of this.querySelectorAll(".crows > :is([id], .fold)")) {
      if (part.matches(".fold")) last = part;
      else if (part.id.startsWith(`${column}-`) && Number(part.dataset.n) > number) break;
    }
    return last;
  }

  get changes() {
    return [...this.querySelectorAll("[data-change]")];
  }

  async unfold(fold, which) {
    if (fold.dataset.busy) return;
    fold.dataset.busy = "1";
    const [first, end] = [Number(fold.dataset.start), Number(fold.dataset.end)];
    const start = which === "up" ? Math.max(first, end - STEP) : first;
    try {
      const answer = await fetch(`${this.dataset.rows}&start=${start}&end=${end}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      const parts = document.createElement("template");
      parts.innerHTML = await answer.text();
      // Sections of their own between the two halves of the fold's.
      const section = fold.parentElement;
      const rest = section.cloneNode(false);
      while (fold.nextSibling) rest.append(fold.nextSibling);
      section.after(...parts.content.children, rest);
      if (start === first) {
        fold.remove();
        return;
      }
      fold.dataset.end = start;
      const left = start - first;
      if (left <= STEP) fold.querySelector("[data-expand=up]")?.remove();
      fold.querySelector("span").textContent = `${left.toLocaleString("en")} line${left === 1 ? "" : "s"} the same in all`;
    } catch (error) {
      fold.querySelector("span").textContent = `These lines could not be loaded. ${error.message}`;
    } finally {
      delete fold.dataset.busy;
    }
  }

  step(by) {
    const changes = this.changes;
    if (!changes.length) return;
    const now = changes.findIndex((cell) => cell.hasAttribute("data-now"));
    const cell = changes[Math.max(0, Math.min(changes.length - 1, now < 0 ? (by > 0 ? 0 : changes.length - 1) : now + by))];
    changes[now]?.removeAttribute("data-now");
    cell.setAttribute("data-now", "");
    this.focusTo(cell);
    this.show(cell);
  }
}

if (!customElements.get("diff-columns")) customElements.define("diff-columns", DiffColumns);

const view = () => document.querySelector("diff-columns");
const press = (selector) => document.querySelector(selector)?.click();
const toggle = (ref) => press(`[data-toggle="${ref}"]`);
const next = () => press("#file-next[href]");
const previous = () => press("#file-previous[href]");

keysTake({
  j: () => view()?.step(1),
  k: () => view()?.step(-1),
  n: next,
  l: next,
  h: previous,
  "]": next,
  "[": previous,
  b: () => toggle("base"),
  s: () => press("#two"),
  w: wrapToggle,
  x: () => view()?.querySelectorAll(".fold").forEach((fold) => view().unfold(fold, "all")),
  t: () => document.querySelector("file-tree input")?.focus(),
  digit: (number) => toggle(String.fromCharCode(64 + number)),
});

window.addEventListener("hashchange", () => view()?.addressShow());
