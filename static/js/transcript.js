/* <run-transcript run="<id>" after="0" last="1234">: what happens in a run, as it happens.

   `after` (default 0): where the transcript begins. `last`: the newest event when the page was rendered; a
   long run is then shown from a little before it. Several of them in one scrolling box (`.log`, or the nearest
   that scrolls) share it: it keeps to the end while the reader is there, else a button says that there is more.
   Rows and lines are bounded: what is older is fetched again by "Show earlier". */

import { h, icon } from "./dom.js";
import { follow } from "./live.js";
import { answerSoon } from "./patience.js";
import { isPressed, released } from "./press.js";
import { Rows } from "./transcript-rows.js";

const WINDOW = 400;          // events that a long run is shown from
const ROWS_MAX = 1_200;
const LINES_MAX = 2_000;     // of output, some hundred of which may share a row
const KEPT = 0.9;            // of both, when the oldest are taken out
const ASIDE = 3;             // times as much while somebody reads further up
const QUEUE_MAX = 1_500;
const FRAME_MS = 10;         // of each frame for making rows
const EARLIER = 300;
const AT_END_PX = 40;

class Transcript extends HTMLElement {
  connectedCallback() {
    if (this.stop) return;
    this.box = Box.of(this);
    this.queue = [];
    this.frame = 0;
    this.begin = Math.max(Number(this.getAttribute("after")) || 0, (Number(this.getAttribute("last")) || 0) - WINDOW);
    this.earlier = h("button.more.earlier", { type: "button", hidden: true }, "Show earlier");
    this.earlier.addEventListener("click", () => this.showEarlier());
    this.list = h("div.trail");
    this.wait = h("p.mark.firstwait", null, icon("run", "spin"), h("span", null, "Waiting for the first line…"));
    this.replaceChildren(this.earlier, this.wait, this.list);
    this.start(this.begin);
  }

  disconnectedCallback() {
    // Moved within the page, or gone for good?
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.stop?.();
      this.stop = null;
      cancelAnimationFrame(this.frame);
    });
  }

  start(after) {
    this.stop?.();
    this.queue.length = 0;
    this.rows = this.rowsNew();
    this.list.replaceChildren();
    this.first = after;      // the rows begin after this event
    this.held = false;       // nothing is added until the reader goes to the end
    this.newest = after;
    this.showFirst();
    this.stop = follow(this.getAttribute("run"), after, (events) => this.take(events));
  }

  rowsNew() {
    return new Rows({
      fetchWhole: (seq) => this.get(`/${seq}`),
      announce: (text) => { if (!this.loading) this.box.announce(text); },
    });
  }

  async get(rest) {
    const answer = await answerSoon(`/api/v1/runs/${this.getAttribute("run")}/events${rest}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`events: ${answer.status}`);
    return answer.json;
  }

  take(events) {
    this.wait.remove();
    this.newest = events.at(-1).seq;
    if (this.held) { this.box.more(events.length); return; }
    this.queue.push(...events);
    if (this.queue.length > QUEUE_MAX && !isPressed(this.box.scroller)) {
      if (this.box.following) this.skip();
      else this.hold();
    }
    this.drawSoon();
  }

  /* What is pressed stays where it is until then. */
  drawSoon() {
    this.frame ||= requestAnimationFrame(async () => {
      await released(this.box.scroller);
      this.draw();
    });
  }

  /* More has come than anybody reads: go on from near its end. */
  skip() {
    this.queue.splice(0, this.queue.length - WINDOW);
    this.rows = this.rowsNew();
    this.list.replaceChildren();
    this.first = this.queue[0].seq - 1;
    this.showFirst();
  }

  draw() {
    this.frame = 0;
    const until = performance.now() + FRAME_MS;
    const stay = this.box.following;
    let at = 0;
    this.loading = this.queue.length > 50;   // history is not read out
    while (at < this.queue.length && (at % 8 || performance.now() < until)) {
      const event = this.queue[at++];
      try { this.rows.add(event); } catch (error) { reportError(error); }
    }
    this.queue.splice(0, at);
    this.loading = false;
    this.list.append(this.rows.list);
    this.trim(stay);
    if (stay) this.box.toEnd();
    else this.box.more(at);
    if (this.queue.length) this.drawSoon();
  }

  within(times) {
    return this.list.childElementCount <= ROWS_MAX * times && this.rows.lines <= LINES_MAX * times;
  }

  trim(stay) {
    if (this.within(1)) return;
    if (!stay) {
      // Somebody reads further up: that stays; adding stops before it becomes too much.
      if (!this.within(ASIDE)) this.hold();
      return;
    }
    while (!this.within(KEPT) && this.list.childElementCount > 1) this.rows.drop(this.list.firstElementChild);
    this.first = Number(this.list.firstElementChild.dataset.seq) - 1;
    this.showFirst();
  }

  /* Somebody reads further up for long: remember only that there is more. */
  hold() {
    this.queue.length = 0;
    this.held = true;
    this.box.held.add(this);
  }

  resume() { this.start(Math.max(0, this.newest - WINDOW)); }

  /* So much earlier was asked for that the newest rows go; the end is fetched again when it is gone to. */
  dropNewest() {
    while (!this.within(ASIDE) && this.list.childElementCount > 1) this.rows.drop(this.list.lastElementChild);
    this.hold();
    this.box.more(1);
  }

  showFirst() { this.earlier.hidden = this.first <= 0; }

  async showEarlier() {
    this.earlier.disabled = true;
    try {
      const after = Math.max(0, this.first - EARLIER);
      const events = [];
      for (let from = after; from < this.first;) {
        const page = await this.get(`?after=${from}&limit=${this.first - from}`);
        if (!page.events.length) break;
        events.push(...page.events.filter((event) => event.seq <= this.first));
        from = page.last_seq;
      }
      const rows = this.rowsNew();
      rows.announce = () => {};
      for (const event of events) rows.add(event);
      this.rows.adopt(rows);
      this.box.keep(() => {
        this.list.prepend(rows.list);
        this.first = after;
        this.showFirst();
      });
      if (!this.within(ASIDE)) this.dropNewest();
      this.earlier.textContent = "Show earlier";
    } catch {
      this.earlier.textContent = "It could not be loaded. Try again";
    } finally {
      this.earlier.disabled = false;
    }
  }
}

/* The box that scrolls, shared by the runs in it. */
class Box {
  static #known = new WeakMap();

  static of(node) {
    const scroller = node.closest(".log") ?? node.parentElement;
    if (!Box.#known.has(scroller)) Box.#known.set(scroller, new Box(scroller));
    return Box.#known.get(scroller);
  }

  constructor(scroller) {
    this.scroller = scroller;
    this.following = true;    // the reader is at the end
    this.held = new Set();    // transcripts that wait for the reader to come to the end
    this.unseen = 0;
    if (!scroller.hasAttribute("role")) scroller.setAttribute("role", "log");
    scroller.setAttribute("aria-live", "off");   // what must be heard is said below
    this.spoken = h("p.vh", { role: "status" });
    scroller.after(this.spoken);
    this.button = h("button.btn.sm.newlines", { type: "button", hidden: true }, "New lines", icon("down"));
    this.button.addEventListener("click", () => { this.jump(); scroller.focus({ preventScroll: true }); });
    scroller.append(h("div.tobottom", null, this.button));
    scroller.addEventListener("scroll", () => this.look(), { passive: true });
    scroller.addEventListener("toggle", () => this.look(), { capture: true });
    scroller.addEventListener("keydown", (event) => {
      if (event.key === "End" && event.target === scroller) { event.preventDefault(); this.jump(); }
    });
    new ResizeObserver(() => { if (this.following) this.toEnd(); }).observe(scroller);
  }

  look() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.following = scrollHeight - scrollTop - clientHeight <= AT_END_PX;
    if (!this.following) return;
    if (this.held.size) this.jump();
    else this.seen();
  }

  jump() {
    this.following = true;
    const held = [...this.held];
    this.held.clear();
    for (const transcript of held) transcript.resume();
    this.toEnd();
    this.seen();
  }

  toEnd() { this.scroller.scrollTop = this.scroller.scrollHeight; }

  seen() {
    this.unseen = 0;
    this.button.hidden = true;
  }

  more(count) {
    if (!count) return;
    this.unseen += count;
    this.button.hidden = false;
    this.button.title = `${this.unseen} new`;
  }

  /** Change something above without moving what is read. */
  keep(change) {
    const below = this.scroller.scrollHeight - this.scroller.scrollTop;
    change();
    this.scroller.scrollTop = this.scroller.scrollHeight - below;
  }

  announce(text) { this.spoken.textContent = text; }
}

customElements.define("run-transcript", Transcript);
