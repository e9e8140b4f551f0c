// The page of one file in columns: keys, and opening what is folded.
import "./copy.js";
import "./file-tree.js";
import { keysTake } from "./page-keys.js";

const STEP = 20;

class DiffColumns extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-expand]");
      if (button) this.unfold(button.closest(".fold"), button.dataset.expand);
    });
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
    cell.tabIndex = -1;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "center", inline: "nearest" });
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
  p: previous,
  l: next,
  h: previous,
  "]": next,
  "[": previous,
  b: () => toggle("base"),
  s: () => press("#two"),
  x: () => view()?.querySelectorAll(".fold").forEach((fold) => view().unfold(fold, "all")),
  t: () => document.querySelector("file-tree input")?.focus(),
  digit: (number) => toggle(String.fromCharCode(64 + number)),
});
