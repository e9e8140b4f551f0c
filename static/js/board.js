// <task-board>: files × variants. The server filters, sorts and prints; here the answer is laid over what is shown,
// so that an update keeps the scroll, the focus, the choice of cells and the folders where the reader has them.
import "./live.js";
import { BoardCursor } from "./board-cursor.js";
import { marksMake } from "./board-marks.js";
import { BoardPick } from "./board-pick.js";
import { partLay, rowsLay, rowsOf } from "./board-rows.js";
import { answerSoon } from "./patience.js";
import { released } from "./press.js";
import { storeOf } from "./store.js";

const TYPED_MS = 140;
const LIVE_MS = 700;
const TOP_PX = 48;       // the bar that stays at the top of every page

const store = storeOf("sessionStorage");
const kept = (task) => `board:${task}`;
const isBack = () => performance.getEntriesByType("navigation")[0]?.type !== "navigate";

class TaskBoard extends HTMLElement {
  #query = "";
  #asked = null;       // the request under way
  #timer = 0;
  #later = 0;          // until the board is asked for because something has changed
  #progress = false;   // whether the marks are being asked for
  #touched = false;    // whether the reader has begun to read or to steer
  #cursor = new BoardCursor(this);
  #pick = new BoardPick(this);
  #watch = null;

  connectedCallback() {
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("focusin", (event) => this.#focus(event));
    this.addEventListener("input", (event) => this.#typed(event));
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#typed(event, 0);
    });
    document.addEventListener("keydown", this.#enter);
    document.addEventListener("columns:shown", this.#columns);
    document.addEventListener(`live:task:${this.dataset.task}`, this.#live);
    addEventListener("pagehide", this.#leave);
    addEventListener("scroll", this.#heads, { passive: true });
    this.#fit();
    this.#watch = new ResizeObserver(() => this.#fit());
    this.#watch.observe(this);
    const inside = this.querySelector(".board-in");
    if (inside) {
      this.#query = inside.dataset.query;
      this.#adopt({ fresh: false });
      if (isBack()) this.#cursor.return(this.#before().cell);
    } else {
      this.#return();
    }
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#enter);
    document.removeEventListener("columns:shown", this.#columns);
    document.removeEventListener(`live:task:${this.dataset.task}`, this.#live);
    removeEventListener("pagehide", this.#leave);
    removeEventListener("scroll", this.#heads);
    this.#watch?.disconnect();
  }

  get #inside() { return this.querySelector(":scope > .board-in"); }
  get #grid() { return this.querySelector(".board"); }

  /* --- asking -------------------------------------------------------------------------------- */

  /** Where the reader was, if this page was left a moment ago. */
  async #return() {
    const before = this.#before();
    const back = isBack();
    const steered = new AbortController();
    for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(name, () => steered.abort(), { once: true, passive: true, signal: steered.signal });
    await this.#load(back ? before.query ?? "" : "", {});
    // The place that the address names was somewhere else before the board filled in.
    const named = document.getElementById(location.hash.slice(1));
    if (!back && named && !steered.signal.aborted) named.scrollIntoView({ behavior: "instant" });
    steered.abort();
    if (back && before.scroll && !this.dataset.own) scrollTo({ top: before.scroll, behavior: "instant" });
    if (back) this.#cursor.return(before.cell);
  }

  #before() {
    return store.read(kept(this.dataset.task)) ?? {};
  }

  #leave = () => {
    store.write(kept(this.dataset.task), { query: this.#query, scroll: scrollY, cell: this.#cursor.place });
  };

  /** Ask for the board. `update`: the same question again, so nothing that is read may move. */
  async #load(query, { update = false, top = false }) {
    this.#asked?.abort();
    query = this.#lettered(query);
    this.#query = query;   // at once: an update that comes now must not ask the old question
    const asked = this.#asked = new AbortController();
    const address = new URL(this.dataset.url, location.href);
    address.search = query;
    if (update && this.#inside?.dataset.query === query) address.searchParams.set("seen", this.#inside.dataset.version);
    try {
      this.querySelector("#board-says")?.replaceChildren();
      const answer = await answerSoon(address, { headers: { "HX-Request": "true" }, credentials: "same-origin", signal: asked.signal });
      if (answer.status === 204) {
        if (this.#inside.hasAttribute("data-pending")) this.#read();
        return;
      }
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      await released(this);
      if (asked.signal.aborted) return;
      this.#show(answer.text, { update, top });
    } catch (error) {
      if (error.name !== "AbortError") this.#say("The board could not be read. It is tried again with the next change.");
    } finally {
      if (this.#asked === asked) this.#asked = null;
    }
  }

  /** In the columns of the tabs and the sheet above, where there are some. */
  #lettered(query) {
    const order = document.getElementById("column-order");
    if (!order) return query;
    const asked = new URLSearchParams(query);
    if ((asked.get("letters") ?? "") === order.dataset.letters) return query;
    asked.delete("letters");
    if (order.dataset.letters) asked.set("letters", order.dataset.letters);
    return asked.toString();
  }

  #columns = () => {
    if (this.#inside) this.#load(this.#query, { update: true });
  };

  #live = () => {
    // Not put off by the next one: agents may go on without a pause.
    this.#later ||= setTimeout(() => {
      this.#later = 0;
      if (this.#asked) this.#live();
      else if (this.isConnected) this.#load(this.#query, { update: true });
    }, LIVE_MS);
  };

  #typed(event, wait = TYPED_MS) {
    const form = event.target.closest("form[data-ask]");
    if (!form) return;
    this.#touched = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const query = new URLSearchParams(this.#query);
      const text = form.elements.q.value.trim();
      if (text) query.set("q", text);
      else query.delete("q");
      query.delete("page");
      this.#load(query.toString(), {});
    }, wait);
  }

  async #read() {
    if (this.#progress) return;
    this.#progress = true;
    try {
      const ready = await marksMake(`${new URL(this.dataset.url, location.href)}/progress`, {
        say: (text) => this.querySelector("#board-progress")?.replaceChildren(text),
        wanted: () => this.isConnected,
      });
      if (!ready) {
        this.#say("The marks could not be read. They are tried again with the next change.");
        return;
      }
      await this.#load(this.#touched || this.#reading() ? this.#query : this.#anew(), { update: true });
    } finally {
      this.#progress = false;
    }
  }

  /** Whether the rows are what the reader looks at. */
  #reading() {
    return this.#grid && this.#grid.getBoundingClientRect().top < TOP_PX;
  }

  #anew() {
    const query = new URLSearchParams(this.#query);
    query.delete("order");
    return query.toString();
  }

  #say(text) {
    const place = this.querySelector("#board-says");
    if (place) place.textContent = text;
    else this.textContent = text;   // nothing is shown yet
  }

  /* --- showing ------------------------------------------------------------------------------- */

  #show(text, { update, top }) {
    const template = document.createElement("template");
    template.innerHTML = text;
    const next = template.content.querySelector(".board-in");
    const shown = this.#inside;
    const focused = this.contains(document.activeElement) ? document.activeElement : null;
    const anchor = update ? this.#anchor(focused) : null;
    if (!shown) {
      this.replaceChildren(next);
    } else {
      for (const name of ["data-version", "data-query", "data-pending", "style"]) {
        if (next.hasAttribute(name)) shown.setAttribute(name, next.getAttribute(name));
        else shown.removeAttribute(name);
      }
      this.#parts(shown, next, update);
    }
    this.#query = this.#inside.dataset.query;
    if (this.dataset.own !== undefined) history.replaceState(history.state, "", `${this.dataset.url}${this.#query ? `?${this.#query}` : ""}`);
    this.#adopt({});
    if (focused) this.#cursor.refocus(focused);
    if (anchor) this.#hold(anchor);
    else if (top && this.#reading()) this.#grid.scrollIntoView({ block: "start" });
  }

  #parts(shown, next, update) {
    const before = new Map([...shown.children].map((part) => [part.dataset.part, part]));
    const after = [...next.children];
    const same = after.length === before.size && after.every((part) => before.get(part.dataset.part)?.className === part.className);
    if (!same) {
      shown.replaceChildren(...after);
      return;
    }
    for (const part of after) {
      const old = before.get(part.dataset.part);
      if (part.dataset.part === "grid") rowsLay(old, part, { update, pending: shown.hasAttribute("data-pending") });
      else if (update && next.hasAttribute("data-pending")) continue;   // what it counts comes with the marks
      else if (part.innerHTML !== old.source) partLay(old, part);
    }
  }

  /** What must not move: the cell with the focus, else the first row in sight. */
  #anchor(focused) {
    const grid = this.#grid;
    if (!grid) return null;
    const cell = focused?.closest?.(".board [data-row]");
    if (cell && inSight(cell)) return { key: cell.dataset.row, top: cell.getBoundingClientRect().top };
    const top = TOP_PX + (grid.querySelector(".colheads")?.offsetHeight ?? 0);
    if (grid.getBoundingClientRect().top >= top) return null;   // its beginning is in sight, or it is further down
    const row = rowsOf(grid).find((each) => each.dataset.row && each.getBoundingClientRect().bottom > top);
    return row ? { key: row.dataset.row, top: row.getBoundingClientRect().top } : null;
  }

  #hold({ key, top }) {
    const row = this.#grid?.querySelector(`:scope > [data-row="${CSS.escape(key)}"]`);
    if (row) scrollBy({ top: row.getBoundingClientRect().top - top, behavior: "instant" });
  }

  /** What printed rows need: remembered sources, one cell in the tab order, marks of what is picked. */
  #adopt({ fresh = true }) {
    for (const part of this.#inside.children) if (part.dataset.part !== "grid") part.source ??= part.innerHTML;
    const grid = this.#grid;
    if (grid) {
      for (const row of rowsOf(grid)) row.source ??= row.outerHTML;
      this.#cursor.adopt();
      this.#pick.show();
    }
    this.#fit();
    if (this.#inside.hasAttribute("data-pending")) this.#read();
    else if (fresh) document.dispatchEvent(new CustomEvent("board:read"));
  }

  /** Heads of columns can stay in sight only where nothing scrolls sideways. */
  #fit() {
    const wrap = this.closest(".sheetwrap");
    if (!wrap) return;
    wrap.classList.add("fits");
    wrap.classList.toggle("fits", this.scrollWidth <= wrap.clientWidth + 1 && this.#needs() <= wrap.clientWidth + 1);
    this.#heads();
  }

  /** What scrolls sideways cannot keep its heads by itself. */
  #heads = () => {
    const [grid, heads] = [this.#grid, this.querySelector(".colheads")];
    if (!heads) return;
    const box = grid.getBoundingClientRect();
    const under = this.closest(".sheetwrap.fits") ? 0 : Math.min(TOP_PX - box.top, box.height - heads.offsetHeight);
    heads.style.translate = under > 0 ? `0 ${under}px` : "";
  };

  #needs() {
    return Math.max(0, ...[...this.closest(".sheetwrap").querySelectorAll(".sheet, .tabs")].map((sheet) => sheet.scrollWidth));
  }

  /* --- moving -------------------------------------------------------------------------------- */

  #focus(event) {
    const cell = BoardCursor.cellOf(event);
    if (!cell) return;
    this.#touched = true;
    this.#cursor.at(cell);
  }

  /** A key that moves, pressed where nothing has the focus, begins in the board. */
  #enter = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || this.contains(event.target)) return;
    if (event.target !== document.body && event.target.id !== "main") return;
    if (document.querySelector("dialog[open]")) return;
    if (!["j", "k", "h", "l"].includes(event.key) || !this.#grid) return;
    this.#cursor.enter();
    event.preventDefault();
  };

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && this.#pick.cancel()) return;
    if (event.target.id === "board-filter") {
      if (event.key === "ArrowDown") {
        this.#cursor.enterFirst();
        event.preventDefault();
      }
      return;
    }
    const cell = BoardCursor.cellOf(event);
    if (!cell) return;
    if (event.key === "x" || event.key === " ") this.#pick.pick(cell);
    else if (!this.#cursor.key(event, cell)) return;
    event.preventDefault();
  }

  /* --- opening, and two cells of a row -------------------------------------------------------- */

  #click(event) {
    if (event.target.closest("#board-pick")) {
      this.#pick.turn(!this.#pick.on);
      return;
    }
    if (event.target.closest("[data-unpick]")) {
      this.#pick.pick(null);
      return;
    }
    const asked = event.target.closest("a[data-ask]");
    if (asked && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      this.#touched = true;
      this.#load(new URL(asked.href).search.slice(1), { top: asked.dataset.ask === "top" });
      return;
    }
    const cell = event.target.closest(".board .file > [data-l]");
    if (cell && (event.shiftKey || this.#pick.on)) {
      event.preventDefault();
      this.#pick.pick(cell);
    }
  }
}

function inSight(element) {
  const box = element.getBoundingClientRect();
  return box.bottom > TOP_PX && box.top < innerHeight;
}

if (!customElements.get("task-board")) customElements.define("task-board", TaskBoard);
