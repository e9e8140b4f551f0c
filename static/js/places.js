// <place-list>: where the variants differ, place by place, by keys. While variants are still read, it asks again.
import { variantsTake } from "./variant-lead.js";

const AGAIN_MS = 250;

class PlaceList extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", this.#key);
    this.addEventListener("focusin", (event) => {
      for (const place of this.querySelectorAll("[data-now]")) delete place.dataset.now;
      const place = event.target.closest(".place");
      if (place) place.dataset.now = "";
    });
    variantsTake((number) => this.#take(this.querySelector(".place[data-now]"), number), () => this.isConnected && this.querySelector(".place[data-now]"));
    if (location.hash === "#last") this.#places.at(-1)?.focus();
    if (location.hash.startsWith("#kind-")) document.getElementById(location.hash.slice(1))?.focus();
    this.#again();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#key);
  }

  get #places() { return [...this.querySelectorAll(".place")]; }

  async #again() {
    for (let wait; (wait = this.querySelector("[data-again]")) && this.isConnected;) {
      const answer = await fetch(wait.dataset.again, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      if (!answer.ok) return;
      const template = document.createElement("template");
      template.innerHTML = await answer.text();
      this.replaceChildren(template.content);
      document.dispatchEvent(new CustomEvent("places:read"));
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  }

  #key = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
    const now = this.querySelector(".place[data-now]");
    if (event.key === "j") this.#step(now, 1);
    else if (event.key === "k") this.#step(now, -1);
    else if (event.key === "[") this.#kind(-1);
    else if (event.key === "]") this.#kind(1);
    else if (event.key === "Enter" && event.target === now) now.querySelector("[data-open]").click();
    else if (/^[1-9]$/.test(event.key) && now) this.#take(now, Number(event.key));
    else return;
    event.preventDefault();
  };

  /** What the nth variant made of the place. */
  #take(place, number) {
    const letter = String.fromCharCode(64 + number);
    const button = place.querySelector(`form[data-take] [data-letters*="${letter}"]`);
    button?.click();
    return Boolean(button);
  }

  /** To the kind before or after the one that is listed; it has the focus there. */
  #kind(step) {
    const kinds = [...this.querySelectorAll("[id^=kind-]")];
    const link = kinds[kinds.findIndex((kind) => kind.hasAttribute("aria-current")) + step];
    if (link) location.assign(`${link.href}#${link.id}`);
  }

  /** Past the last place is the next page, before the first one the page before. */
  #step(now, step) {
    const places = this.#places;
    const at = now ? places.indexOf(now) + step : 0;
    if (at >= places.length) this.querySelector("#places-next")?.click();
    else if (at < 0) {
      const link = this.querySelector("#places-previous");
      if (link) location.assign(`${link.href}#last`);
    } else {
      places[at].focus({ preventScroll: true });
      places[at].scrollIntoView({ block: "nearest" });
    }
  }
}

if (!customElements.get("place-list")) customElements.define("place-list", PlaceList);
