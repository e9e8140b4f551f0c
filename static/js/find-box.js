// <find-box>: finds a text in all changed files, on the server, so that folded and deferred lines are found too.
// Hits are links; arrow keys go through them, Escape closes.

import { answerSoon } from "./patience.js";
import { released } from "./press.js";

const WAIT_MS = 180;

class FindBox extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=search]");
    this.hits = this.querySelector(".hits");
    this.input.addEventListener("input", () => this.#later());
    this.input.addEventListener("focus", () => this.#open());
    this.addEventListener("keydown", (event) => this.#key(event));
    this.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter();
    });
    this.hits.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
      if (!link?.matches("[data-find-more]")) {
        if (link) this.close();
      } else if (isPlain) {
        event.preventDefault();
        this.#more(link);
      }
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.contains(event.target)) this.close();
    });
  }

  get links() {
    return [...this.hits.querySelectorAll("a")];
  }

  get open() {
    return this.hits.matches(":popover-open");
  }

  close() {
    if (this.open) this.hits.hidePopover();
  }

  /** To the first hit, also where Enter is quicker than the answer; what was too large to search is none. */
  async #enter() {
    clearTimeout(this.timer);
    if (this.found !== this.input.value.trim()) await this.#find();
    const first = this.hits.querySelector("section a") ?? this.hits.querySelector("[data-find-more]");
    if (!first) return;
    this.input.blur();
    first.click();
  }

  #show() {
    const { bottom, left } = this.input.getBoundingClientRect();
    this.hits.style.setProperty("--top", `${Math.max(52, bottom + 4)}px`);
    this.hits.style.left = `${left}px`;
    if (!this.open) this.hits.showPopover();
  }

  #open() {
    if (this.hits.firstChild && this.input.value.trim().length > 1) this.#show();
    this.input.select();
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#find(), WAIT_MS);
  }

  async #find() {
    const text = this.input.value.trim();
    this.asked?.abort();
    if (text.length < 2) {
      this.close();
      this.hits.replaceChildren();
      return;
    }
    const asked = (this.asked = new AbortController());
    try {
      const url = `${this.dataset.url}&${new URLSearchParams({ q: text })}`;
      const answer = await answerSoon(url, { headers: { "HX-Request": "true" }, signal: asked.signal });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      await released(this.hits);
      asked.signal.throwIfAborted();
      this.hits.innerHTML = answer.text;
      this.found = text;
    } catch (error) {
      if (error.name === "AbortError") return;
      this.found = "";
      this.hits.textContent = `Nothing could be looked for. ${error.message}`;
    }
    this.#show();
    this.hits.scrollTop = 0;
  }

  /** What was not listed or not searched yet, in the place of the link that asks for it. */
  async #more(link) {
    const place = link.closest("p");
    const { signal } = this.asked ?? {};
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await answerSoon(link.href, { headers: { "HX-Request": "true" }, signal });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      const parts = document.createElement("template");
      parts.innerHTML = answer.text;
      const next = parts.content.querySelector("section a");
      place.replaceWith(parts.content);
      (next ?? this.input).focus();
    } catch (error) {
      if (error.name !== "AbortError") place.textContent = `Nothing more could be looked for. ${error.message}`;
    }
  }

  #key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      const open = this.open;
      this.close();
      if (open && this.hits.contains(document.activeElement)) this.input.focus();
      else this.input.blur();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !this.open) return;
    event.preventDefault();
    const links = this.links;
    const next = links.indexOf(document.activeElement) + step;
    if (next < 0) this.input.focus();
    else links[Math.min(next, links.length - 1)]?.focus();
  }
}

if (!customElements.get("find-box")) customElements.define("find-box", FindBox);

/** False where there is nothing to look through. */
export function findFocus() {
  const input = document.querySelector("find-box input[type=search]");
  input?.closest("file-tree").show(true);
  input?.focus();
  return Boolean(input);
}

/** Mark what was looked for in the lines that the address names. */
export function foundMark(view) {
  const text = document.querySelector("find-box")?.input?.value.trim().toLowerCase() ?? "";
  if (!("highlights" in CSS)) return;
  CSS.highlights.delete("found");
  if (text.length < 2 || !view) return;
  const ranges = [];
  for (const cell of view.querySelectorAll(".rows > [aria-current]")) ranges.push(...textRanges(cell, text));
  if (ranges.length) CSS.highlights.set("found", new Highlight(...ranges));
}

/** In lower case, and as long as before: a letter that would be two (İ) stays as it is. */
function lower(text) {
  const all = text.toLowerCase();
  if (all.length === text.length) return all;
  return Array.from(text, (letter) => (letter.toLowerCase().length === letter.length ? letter.toLowerCase() : letter)).join("");
}

function textRanges(cell, wanted) {
  const nodes = [];
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  let all = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    nodes.push([all.length, node]);
    all += lower(node.data);
  }
  const place = (offset) => {
    const [start, node] = nodes.findLast(([first]) => first <= offset);
    return [node, Math.min(offset - start, node.length)];
  };
  const ranges = [];
  for (let at = all.indexOf(wanted); at >= 0; at = all.indexOf(wanted, at + wanted.length)) {
    const range = new Range();
    range.setStart(...place(at));
    range.setEnd(...place(at + wanted.length));
    ranges.push(range);
  }
  return ranges;
}
