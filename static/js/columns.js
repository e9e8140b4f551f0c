// The page of one file in columns: keys, opening what is folded, and choosing lines, which are permalinks.
import "./copy.js";
import "./file-tree.js";
import { arriveAt } from "./arrive.js";
import { ChosenLines } from "./chosen-lines.js";
import { lineBeside, linesCells, linesName, linesRead } from "./column-lines.js";
import { changeRanges } from "./comment-places.js";
import { shut } from "./compose-tray.js";
import { firstBelow } from "./in-sight.js";
import { keySay } from "./key-says.js";
import { keysTake } from "./page-keys.js";
import { answerSoon } from "./patience.js";
import { wrapToggle } from "./wrap.js";

const STEP = 20;

class DiffColumns extends ChosenLines {
  lines = { read: linesRead, name: linesName, cells: linesCells };

  connectedCallback() {
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("mousedown", (event) => {
      // With shift the browser would select all the text in between.
      if (event.shiftKey && this.#numberAt(event)) event.preventDefault();
    });
    this.addEventListener("keydown", (event) => this.#arrow(event));
    if (!this.hasAttribute("data-stays")) this.addressShow(); // else it replaces one that was read
  }

  #click(event) {
    const button = event.target.closest("[data-expand]");
    if (button) this.unfold(button.closest(".fold"), button.dataset.expand);
    const cell = this.#numberAt(event);
    if (cell) this.#chooseTo(cell, event.shiftKey);
  }

  /** The line whose number (or what is left of its text) was pressed. */
  #numberAt(event) {
    const cell = event.target.closest(".crows > [data-n]");
    const gutter = cell && parseFloat(getComputedStyle(cell).paddingLeft);
    return cell && event.clientX - cell.getBoundingClientRect().left < gutter ? cell : null;
  }

  // Arrow keys go from line to line of a column and from column to column; with shift they choose a range.
  #arrow(event) {
    const cell = event.target;
    if (!cell.matches(".crows > [data-n]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const beside = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const { side, start } = linesRead(cell.id);
    let next = null;
    if (down) next = this.#line(side, start + down);
    else if (beside && !event.shiftKey) next = lineBeside(cell, beside, this.querySelector(".chead").childElementCount);
    if (!next) return;
    event.preventDefault();
    this.#chooseTo(next, event.shiftKey);
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #line(side, number) {
    const cell = document.getElementById(`${side}-${number}`);
    return cell?.matches(".crows > [data-n]") && this.contains(cell) ? cell : null;
  }

  #chooseTo(cell, extend) {
    this.choose(this.rangeTo(cell, extend));
    this.focusTo(cell);
  }

  /** The line that has the focus, or null. */
  get #caret() {
    const active = document.activeElement;
    return active?.matches(".crows > [data-n]") && this.contains(active) ? active : null;
  }

  /** One is at the change that the line is of. */
  focusTo(cell) {
    const at = this.#changeBefore(cell);
    if (this.#isOf(at, cell)) this.#stand(this.changes[at]);
    cell.tabIndex = -1;
    cell.focus({ preventScroll: true });
  }

  /** The cell of a line; opens the fold that hides it. Null if the column has no such line. */
  async line(side, number) {
    const found = this.#line(side, number);
    if (found) return found;
    const fold = this.foldOf(side, number);
    if (fold) await this.unfold(fold, "all");
    return this.#line(side, number);
  }

  /** Mark the lines that the address names, and go to the first. */
  async addressShow() {
    const range = linesRead(location.hash.slice(1));
    if (!range || range.side === "comment") return;
    await this.line(range.side, range.end);
    const cell = await this.line(range.side, range.start);
    if (!cell) return;
    this.anchor = { side: range.side, start: range.start };
    this.mark(range);
    this.focusTo(cell);
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
      const rest = start > first ? `&above=${first}` : "";
      const answer = await answerSoon(`${this.dataset.rows}&start=${start}&end=${end}${rest}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      const parts = document.createElement("template");
      parts.innerHTML = answer.text;
      // Sections of their own between the two halves of the fold's.
      const section = fold.parentElement;
      const below = section.cloneNode(false);
      while (fold.nextSibling) below.append(fold.nextSibling);
      const button = fold.contains(document.activeElement) && document.activeElement.dataset.expand;
      const left = parts.content.querySelector(".fold");
      section.after(...parts.content.children, below);
      fold.remove();
      if (button && left) (left.querySelector(`[data-expand="${button}"]`) ?? left.querySelector("button"))?.focus({ preventScroll: true });
      this.dispatchEvent(new CustomEvent("diff-rows", { bubbles: true }));
    } catch (error) {
      fold.querySelector("span").textContent = `These lines could not be loaded. ${error.message}`;
    } finally {
      delete fold.dataset.busy;
    }
  }

  /** The last change that begins before a cell or with it, as an index; -1 if none does. */
  #changeBefore(cell) {
    return this.changes.findLastIndex((first) => first === cell || first.compareDocumentPosition(cell) & Node.DOCUMENT_POSITION_FOLLOWING);
  }

  /** Is the line one of that change's? */
  #isOf(index, cell) {
    const { side, start: n } = linesRead(cell.id);
    return index >= 0 && changeRanges(this, this.changes[index]).some((range) => range.side === side && n >= range.start && n <= range.end);
  }

  #stand(first) {
    this.querySelector("[data-now]")?.removeAttribute("data-now");
    first.setAttribute("data-now", "");
  }

  /** From the line that has the focus, or the change one is at, or from what is in sight. May be one too few or too many. */
  #changeNext(by) {
    const { changes } = this;
    const caret = this.#caret;
    if (caret && this.#isInSight(caret)) {
      const before = this.#changeBefore(caret);
      return by > 0 ? before + 1 : before - Number(this.#isOf(before, caret));
    }
    const now = changes.findIndex((cell) => cell.hasAttribute("data-now"));
    if (now >= 0 && this.#isInSight(changes[now])) return now + by;
    const here = firstBelow(this, changes, this.#top);
    return by > 0 ? here : here - 1;
  }

  /** To the next change (1) or the one before (-1). */
  step(by) {
    const { changes } = this;
    if (!changes.length) return;
    const next = this.#changeNext(by);
    const cell = changes[Math.max(0, Math.min(changes.length - 1, next))];
    this.#stand(cell);
    let line = cell; // of the first column that has one
    while (line && !line.dataset.n) line = line.nextElementSibling;
    this.focusTo(line ?? cell);
    this.show(cell);
    if (line) history.replaceState(history.state, "", `#${line.id}`);
    if (!changes[next]) keySay(by > 0 ? "This is the last change of the file. l: the next file." : "This is the first change of the file. h: the file before.");
  }

  /** Where the lines begin in the window: below the heads. */
  get #top() {
    return Math.max(this.querySelector(".chead").getBoundingClientRect().bottom, 0);
  }

  #isInSight(cell) {
    const { top, bottom } = cell.getBoundingClientRect();
    return bottom > this.#top && top < Math.min(this.getBoundingClientRect().bottom, innerHeight);
  }
}

if (!customElements.get("diff-columns")) customElements.define("diff-columns", DiffColumns);

const view = () => document.querySelector("diff-columns");
const press = (selector) => document.querySelector(selector)?.click();
const toggle = (ref) => {
  const link = document.querySelector(`[data-toggle="${ref}"]`);
  link?.click();
  return Boolean(link);
};

/** The file as the variant has it in whose column one is, for a new variant. */
function fileTake() {
  const line = document.activeElement.closest(".crows > [data-n]");
  const letter = line && linesRead(line.id).side;
  const button = letter && document.querySelector(`#file .takes form:has([name=variant][value="${CSS.escape(letter)}"]) button`);
  if (button) button.click();
  else keySay(shut() || "Whose file? Go to a line of a variant first: j, then → and ← from column to column.");
}

const SCROLLS = ["PageDown", "PageUp", "Home", "End", " "];

/** Keys that scroll go on in the columns, where nothing else has the focus: the page itself has no more to show. */
function columnsScroll() {
  if (document.activeElement !== document.body || !view()) return false;
  const { top, bottom } = view().getBoundingClientRect();
  view().focus({ preventScroll: true });
  if (top >= 0 && bottom <= innerHeight) return false;
  view().scrollIntoView({ block: "nearest", behavior: "instant" }); // not past what was out of sight
  return true;
}

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
  T: fileTake,
  w: wrapToggle,
  i: () => press(`[data-space="${document.querySelector('[data-space="none"][aria-current]') ? "all" : "none"}"]`),
  x: () => view()?.querySelectorAll(".fold").forEach((fold) => view().unfold(fold, "all")),
  t: () => document.querySelector("file-tree")?.filterFocus(),
  ...Object.fromEntries(SCROLLS.map((key) => [key, columnsScroll])),
  digit: (number) => (number ? toggle(String.fromCharCode(64 + number)) : press("#every")),
});

// With white space ignored, or not, one is still at the same lines.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-space]");
  if (link && linesRead(location.hash.slice(1))) link.hash = location.hash;
}, { capture: true });

window.addEventListener("hashchange", () => view()?.addressShow());
if (!linesRead(location.hash.slice(1))) arriveAt(view() ?? document.getElementById("file"));
