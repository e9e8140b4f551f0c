// <place-list>: where the variants differ, place by place, by keys. While variants are still read, it asks again; while
// agents work, it follows them, and what the reader looks at stays where it is.
import "./live.js";
import { variantsTake } from "./key-lead.js";
import { keySay } from "./key-says.js";
import { focusRead, focusRestore, placeName, placesHold, placesLay, placesRestore, sourcesNote } from "./places-lay.js";
import { answerSoon } from "./patience.js";
import { released } from "./press.js";
import { isTyping } from "./typing.js";

const AGAIN_MS = 250;
const LIVE_MS = 700;

class PlaceList extends HTMLElement {
  #busy = false;
  #again = false; // something has changed since it was asked
  #waits = false; // the list has changed, and is shown once nothing in it would be lost
  #timer = 0;

  connectedCallback() {
    sourcesNote(this.#inside);
    document.addEventListener("keydown", this.#key);
    this.addEventListener("focusin", (event) => {
      for (const place of this.querySelectorAll("[data-now]")) delete place.dataset.now;
      const place = event.target.closest(".place");
      if (place) place.dataset.now = "";
    });
    variantsTake((number) => this.#take(this.querySelector(".place[data-now]"), number), () => this.isConnected && this.querySelector(".place[data-now]"));
    if (location.hash === "#last") this.#places.at(-1)?.focus();
    if (location.hash.startsWith("#kind-")) document.getElementById(location.hash.slice(1))?.focus();
    document.addEventListener(`live:task:${this.dataset.task}`, this.#live);
    for (const name of ["selectionchange", "focusout"]) document.addEventListener(name, this.#freed);
    if (this.#reading) this.#look();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#key);
    document.removeEventListener(`live:task:${this.dataset.task}`, this.#live);
    for (const name of ["selectionchange", "focusout"]) document.removeEventListener(name, this.#freed);
  }

  get #inside() { return this.querySelector(":scope > .places-in"); }
  get #places() { return [...this.querySelectorAll(".place")]; }
  get #reading() { return this.querySelector("[data-again]"); }

  /* --- following ----------------------------------------------------------------------------- */

  #live = () => {
    // Not put off by the next one: agents may go on without a pause.
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.#look();
    }, LIVE_MS);
  };

  /** One question at a time; a change that comes meanwhile is asked about afterwards. */
  async #look() {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#again && this.isConnected) {
        this.#again = false;
        await this.#ask();
      }
    } finally {
      this.#busy = false;
    }
  }

  async #ask() {
    const { here, version } = this.#inside.dataset;
    const url = new URL(here, location.href);
    if (version) url.searchParams.set("seen", version);
    const held = placesHold(this);
    if (held) url.searchParams.set("at", placeName(held[0].place));
    let answer;
    try {
      answer = await answerSoon(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    } catch {
      return; // no server: the next change asks again
    }
    if (answer.status !== 200 || answer.redirected) return;
    const template = document.createElement("template");
    template.innerHTML = answer.text;
    await released(this);
    const next = template.content.querySelector(".places-in");
    const wait = next.querySelector("[data-again]");
    if (wait && this.#places.length) this.#say(wait.querySelector("h3").textContent); // what is there stays until the new is known
    else this.#show(next);
    if (!wait) return;
    await new Promise((done) => setTimeout(done, AGAIN_MS));
    this.#again = true;
  }

  #show(next) {
    this.#waits = this.#isUsed();
    if (this.#waits) {
      this.#say("The places have changed: they are shown once you are done here.");
      return;
    }
    sourcesNote(next);
    const [held, focus, many] = [placesHold(this), focusRead(this), this.#places.length];
    const changed = placesLay(this.#inside, next).length;
    focusRestore(this, focus);
    this.#say(many && changed ? `${changed} place${changed === 1 ? " is" : "s are"} new or changed` : "");
    placesRestore(this, held);
    const { here } = this.#inside.dataset;
    if (!this.#reading && here !== location.pathname + location.search) history.replaceState(history.state, "", here + location.hash);
    document.dispatchEvent(new CustomEvent("places:read"));
  }

  /** Is something selected, or typed that is not sent yet? */
  #isUsed() {
    const selection = getSelection();
    const typed = [...this.querySelectorAll("input[type=search]")].some((field) => field.value !== field.defaultValue);
    return typed || (!selection.isCollapsed && this.contains(selection.anchorNode));
  }

  #freed = () => {
    if (this.#waits && !this.#isUsed()) this.#look();
  };

  #say(text) {
    document.getElementById("places-says").textContent = text;
  }

  /* --- keys ---------------------------------------------------------------------------------- */

  #key = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]") || isTyping(event.target)) return;
    const now = this.querySelector(".place[data-now]");
    if (event.key === "j") this.#step(now, 1);
    else if (event.key === "k") this.#step(now, -1);
    else if (event.key === "[") this.#kind(-1);
    else if (event.key === "]") this.#kind(1);
    else if (event.key === "Enter" && event.target === now) now.querySelector("[data-open]").click();
    else if (/^[1-9]$/.test(event.key) && this.#places.length) this.#digit(now, Number(event.key));
    else return;
    event.preventDefault();
  };

  #digit(now, number) {
    if (!now) keySay("Which place? Go to one first: j.");
    else if (!this.#take(now, number)) keySay(`There is no variant ${String.fromCharCode(64 + number)} here.`);
  }

  /** What the nth variant made of the place. */
  #take(place, number) {
    const letter = String.fromCharCode(64 + number);
    const button = place.querySelector(`form[data-take] [data-letters*="${letter}"]`);
    const left = place.dataset.others.includes(letter);
    const back = left ? place.querySelector("form[data-back]:not([hidden]) button") : null; // there only where it makes a difference
    (button ?? back)?.click();
    if (left && !back) keySay("created" in place.dataset ? `${letter} does not have this: there is nothing to take.` : `${letter} left the base here as it is: there is nothing to take.`);
    return Boolean(button) || left;
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
