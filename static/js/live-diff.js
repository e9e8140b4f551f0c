// <live-diff>: the diff beside a transcript. It asks the server again whenever the task changed, and what the
// reader looks at stays where it is.
import "./diff-view.js";
import { anchorFind, anchorRestore } from "./anchor.js";

class LiveDiff extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => this.#click(event));
  }

  get body() {
    return this.querySelector(".live-body");
  }

  /** What the server needs to know to answer with what is wanted, or with nothing if nothing changed. */
  get query() {
    const { seen, path, follow, show, ended } = this.dataset;
    return { seen, path, follow, keep: "1", ...(show ? { show } : {}), ...(ended ? { ended } : {}) };
  }

  #click(event) {
    const chip = event.target.closest("[data-path]");
    if (chip && chip !== this) this.#load({ path: chip.dataset.path, follow: "0" });
    const choice = event.target.closest("button[data-follow]");
    if (choice) this.#follow(choice.dataset.follow);
    const show = event.target.closest("form[data-show] button");
    if (show) {
      event.preventDefault();
      this.#load({ show: "1" });
    }
  }

  #follow(value) {
    this.dataset.follow = value;
    for (const button of this.querySelectorAll("button[data-follow]")) {
      button.setAttribute("aria-pressed", String(button.dataset.follow === value));
    }
  }

  #load(changes) {
    const { path, follow } = this.dataset;
    const query = new URLSearchParams({ path, follow, ...changes });
    htmx.ajax("GET", `${this.dataset.url}?${query}`, { source: this, target: this, swap: "outerHTML" });
  }
}

if (!customElements.get("live-diff")) customElements.define("live-diff", LiveDiff);

const top = (body) => body.getBoundingClientRect().top;
const holds = (element) => element.querySelector?.(":scope > live-diff") ?? null;

// The page's own refresh (hx-get on the element around) carries what is shown now …
document.addEventListener("htmx:configRequest", (event) => {
  const shown = holds(event.target);
  if (shown && event.detail.verb === "get") Object.assign(event.detail.parameters, shown.query);
});

// … and puts the answer where the reader's eyes are.
const anchors = new WeakMap();
document.addEventListener("htmx:beforeSwap", (event) => {
  const shown = holds(event.detail.target);
  if (shown) anchors.set(event.detail.target, { path: shown.dataset.path, anchor: anchorFind(shown.body, top(shown.body)), strip: shown.querySelector(".fstrip")?.scrollLeft });
});
document.addEventListener("htmx:afterSwap", (event) => {
  const before = anchors.get(event.detail.target);
  const shown = holds(event.detail.target);
  if (!before || !shown) return;
  anchors.delete(event.detail.target);
  const strip = shown.querySelector(".fstrip");
  if (strip && before.strip) strip.scrollLeft = before.strip;
  if (shown.dataset.path === before.path) anchorRestore(shown.body, before.anchor, top(shown.body), (away) => (shown.body.scrollTop += away));
});
