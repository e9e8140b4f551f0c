// <task-board>: files × variants. The server filters, sorts and prints; here the answer is laid over what is shown,
// so that an update keeps the scroll, the focus, the choice of cells and the folders where the reader has them.
import "./live.js";

const TYPED_MS = 140;
const LIVE_MS = 700;
const FRESH_MS = 90_000;
const AGAIN_MS = 300, STUCK_MAX = 200;
const TOP_PX = 48;       // the bar that stays at the top of every page

const kept = (task) => `board:${task}`;
const rowsOf = (grid) => [...grid.querySelectorAll(":scope > [role=row]")];

class TaskBoard extends HTMLElement {
  #query = "";
  #asked = null;       // the request under way
  #timer = 0;
  #progress = false;   // whether the marks are being asked for
  #touched = false;    // whether the reader has begun to read or to steer
  #picked = null;      // {row, letter}: the first of two cells
  #at = { row: "", column: 0 };

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
    } else {
      this.#return();
    }
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#enter);
    document.removeEventListener(`live:task:${this.dataset.task}`, this.#live);
    removeEventListener("pagehide", this.#leave);
    removeEventListener("scroll", this.#heads);
    this.#watch?.disconnect();
  }

  #watch = null;

  get #inside() { return this.querySelector(":scope > .board-in"); }
  get #grid() { return this.querySelector(".board"); }

  /* --- asking -------------------------------------------------------------------------------- */

  /** Where the reader was, if this page was left a moment ago. */
  async #return() {
    let before = {};
    try { before = JSON.parse(sessionStorage.getItem(kept(this.dataset.task)) ?? "{}"); } catch { /* storage is off */ }
    const back = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
    const steered = new AbortController();
    for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(name, () => steered.abort(), { once: true, passive: true, signal: steered.signal });
    await this.#load(back ? before.query ?? "" : "", {});
    // The place that the address names was somewhere else before the board filled in.
    const named = document.getElementById(location.hash.slice(1));
    if (!back && named && !steered.signal.aborted) named.scrollIntoView({ behavior: "instant" });
    steered.abort();
    if (back && before.scroll && !this.dataset.own) scrollTo({ top: before.scroll, behavior: "instant" });
  }

  #leave = () => {
    try { sessionStorage.setItem(kept(this.dataset.task), JSON.stringify({ query: this.#query, scroll: scrollY })); } catch { /* storage is off */ }
  };

  /** Ask for the board. `update`: the same question again, so nothing that is read may move. */
  async #load(query, { update = false, top = false }) {
    this.#asked?.abort();
    this.#query = query;   // at once: an update that comes now must not ask the old question
    const asked = this.#asked = new AbortController();
    const address = new URL(this.dataset.url, location.href);
    address.search = query;
    if (update && this.#inside?.dataset.query === query) address.searchParams.set("seen", this.#inside.dataset.version);
    try {
      this.querySelector("#board-says")?.replaceChildren();
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin", signal: asked.signal });
      if (answer.status === 204) return;
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const text = await answer.text();
      if (asked.signal.aborted) return;
      this.#show(text, { update, top });
    } catch (error) {
      if (error.name !== "AbortError") this.#say("The board could not be read. It is tried again with the next change.");
    } finally {
      if (this.#asked === asked) this.#asked = null;
    }
  }

  #live = () => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#asked) this.#live();
      else this.#load(this.#query, { update: true });
    }, this.#inside ? LIVE_MS : 0);
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

  /** The marks come when all variants are read: ask on until they are there. */
  async #read() {
    if (this.#progress) return;
    this.#progress = true;
    let stuck = 0, last = "";
    try {
      while (this.isConnected && stuck < STUCK_MAX) {
        const answer = await fetch(`${new URL(this.dataset.url, location.href)}/progress`, { credentials: "same-origin" });
        if (!answer.ok) return;
        const { done, total, letter, comparing, ready } = await answer.json();
        if (ready) {
          await this.#load(this.#touched || this.#reading() ? this.#query : this.#anew(), { update: true });
          document.dispatchEvent(new CustomEvent("board:read"));
          return;
        }
        const place = this.querySelector("#board-progress");
        if (place) place.textContent = comparing ? `comparing files, ${count(done)} of ${count(total)}` : `reading ${letter}, ${done + 1} of ${total}`;
        const now = `${comparing} ${done}`;
        stuck = now === last ? stuck + 1 : 0;
        if (stuck) await new Promise((soon) => setTimeout(soon, AGAIN_MS));   // another page is at the rest
        last = now;
      }
    } catch {
      this.#say("The marks could not be read. They are tried again with the next change.");
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
    if (focused) this.#refocus(focused);
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
      if (part.dataset.part === "grid") this.#rows(old, part, update);
      else if (update && next.hasAttribute("data-pending")) continue;   // what it counts comes with the marks
      else if (part.innerHTML !== old.source) this.#part(old, part);
    }
  }

  /** A part printed anew, around the field that is typed in. */
  #part(old, part) {
    const source = part.innerHTML;
    const typed = old.querySelector("#board-filter");
    const anew = part.querySelector("#board-filter");
    if (typed && anew && typed === document.activeElement) {
      // Taking a field out of the page would take the caret too: what is around it is replaced.
      const [line, fresh] = [typed.closest("form"), anew.closest("form")];
      const [before, after] = [[...fresh.parentElement.children], [...line.parentElement.children]];
      const at = before.indexOf(fresh);
      for (const child of after) if (child !== line) child.remove();
      line.before(...before.slice(0, at));
      line.after(...before.slice(at + 1));
      for (const hidden of line.querySelectorAll("input[type=hidden]")) hidden.remove();
      line.prepend(...fresh.querySelectorAll("input[type=hidden]"));
    } else {
      old.replaceChildren(...part.childNodes);
    }
    old.source = source;
  }

  #rows(old, part, update) {
    const known = new Map(rowsOf(old).filter((row) => row.dataset.row).map((row) => [row.dataset.row, row]));
    const now = Date.now();
    let at = null;
    for (const row of rowsOf(part)) {
      const key = row.dataset.row;
      const source = row.outerHTML;
      let here = key === undefined ? old.querySelector(":scope > .colheads") : known.get(key);
      if (here && here.children.length === row.children.length) {
        known.delete(key);
        if (source !== here.source) this.#cells(here, row, update, now);
      } else {
        here = row;
        if (update && key && !key.startsWith("dir:")) this.#fresh(row.querySelectorAll("a.cell"), now);
      }
      here.source = source;
      const place = at ? at.nextElementSibling : old.firstElementChild;
      if (here !== place) old.insertBefore(here, place);
      at = here;
    }
    for (const row of known.values()) row.remove();
    old.querySelector(":scope > .rails")?.replaceWith(part.querySelector(".rails"));
  }

  #cells(here, row, update, now) {
    const pending = this.#inside.hasAttribute("data-pending");
    [...row.children].forEach((cell, index) => {
      const shown = here.children[index];
      const [was, is] = [numbers(shown), numbers(cell)];
      if (pending && was === is && !cell.querySelector(".mk")) {
        const mark = shown.querySelector(":scope > .mk");   // until the new ones are there
        if (mark) cell.append(mark.cloneNode());
      }
      if (shown.tagName === cell.tagName) {
        if (shown.innerHTML !== cell.innerHTML) shown.replaceChildren(...cell.childNodes);
        for (const name of ["style", "title", "href", "aria-expanded", "aria-label"]) {
          const value = cell.getAttribute(name);
          if (value === null) shown.removeAttribute(name);
          else if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
        }
        shown.classList.toggle("no", cell.classList.contains("no"));
      } else {
        if (shown === document.activeElement) this.#at.focus = true;
        shown.replaceWith(cell);
      }
      if (update && was !== is && here.classList.contains("file") && cell.dataset.l) this.#fresh([here.children[index]], now);
    });
  }

  /** Marked for a while: changed just now. */
  #fresh(cells, now) {
    for (const cell of cells) {
      cell.classList.add("fresh");
      cell.freshSince = now;
      setTimeout(() => { if (cell.freshSince === now) cell.classList.remove("fresh"); }, FRESH_MS);
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

  #refocus(focused) {
    if (focused === document.activeElement) return;
    if (focused.isConnected) focused.focus({ preventScroll: true });
    else if (focused.id && this.querySelector(`#${CSS.escape(focused.id)}`)) this.querySelector(`#${CSS.escape(focused.id)}`).focus({ preventScroll: true });
    else if (focused.closest(".board") || this.#at.focus) this.#cellAt()?.focus({ preventScroll: true });
    this.#at.focus = false;
  }

  /** What printed rows need: remembered sources, one cell in the tab order, marks of what is picked. */
  #adopt({ fresh = true }) {
    for (const part of this.#inside.children) if (part.dataset.part !== "grid") part.source ??= part.innerHTML;
    const grid = this.#grid;
    if (grid) {
      for (const row of rowsOf(grid)) row.source ??= row.outerHTML;
      for (const cell of grid.querySelectorAll("[data-row] > a, [data-row] > .cell")) cell.tabIndex = -1;
      const cell = this.#cellAt() ?? grid.querySelector("[data-row] > a");
      if (cell) cell.tabIndex = 0;
      this.#pickShow();
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

  #cellAt() {
    const row = this.#at.row && this.#grid?.querySelector(`:scope > [data-row="${CSS.escape(this.#at.row)}"]`);
    return row ? row.children[Math.min(this.#at.column, row.children.length - 1)] : null;
  }

  #focus(event) {
    const cell = event.target.closest(".board [data-row] > *");
    if (!cell) return;
    this.#touched = true;
    this.#cellAt()?.setAttribute("tabindex", "-1");
    this.#at = { row: cell.parentElement.dataset.row, column: [...cell.parentElement.children].indexOf(cell) };
    cell.tabIndex = 0;
  }

  /** A key that moves, pressed where nothing has the focus, begins in the board. */
  #enter = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || this.contains(event.target)) return;
    if (event.target !== document.body && event.target.id !== "main") return;
    if (document.querySelector("dialog[open]")) return;
    if (!["j", "k", "h", "l"].includes(event.key) || !this.#grid) return;
    (this.#cellAt() ?? this.#grid.querySelector("[data-row].file > a"))?.focus();
    event.preventDefault();
  };

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && (this.#picked || this.classList.contains("picking"))) {
      this.#pick(null);
      this.#picking(false);
      return;
    }
    if (event.target.id === "board-filter") {
      if (event.key === "ArrowDown") {
        this.#grid?.querySelector("[data-row].file > a")?.focus();
        event.preventDefault();
      }
      return;
    }
    const cell = event.target.closest(".board [data-row] > *");
    if (!cell) return;
    const steps = { ArrowDown: [1, 0], j: [1, 0], ArrowUp: [-1, 0], k: [-1, 0], ArrowRight: [0, 1], l: [0, 1], ArrowLeft: [0, -1], h: [0, -1], PageDown: [15, 0], PageUp: [-15, 0], Home: [0, -99], End: [0, 99] };
    if (steps[event.key]) this.#move(cell, ...steps[event.key]);
    else if (event.key === "x" || event.key === " ") this.#pick(cell);
    else return;
    event.preventDefault();
  }

  #move(cell, down, right) {
    const rows = rowsOf(this.#grid).filter((row) => row.dataset.row);
    const row = cell.parentElement;
    const at = rows.indexOf(row);
    const columns = row.children.length - 1;   // who touched it is read, not visited
    const column = Math.max(0, Math.min(columns - 1, [...row.children].indexOf(cell) + right));
    if (at + down >= rows.length && down === 1) {
      this.querySelector("#board-next")?.click();
      return;
    }
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + down))].children[column];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    const under = TOP_PX + 32 - next.getBoundingClientRect().top;   // not below the heads that stay
    if (under > 0) scrollBy({ top: -under, behavior: "instant" });
  }

  /* --- opening, and two cells of a row -------------------------------------------------------- */

  #click(event) {
    if (event.target.closest("#board-pick")) {
      this.#picking(!this.classList.contains("picking"));
      return;
    }
    if (event.target.closest("[data-unpick]")) {
      this.#pick(null);
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
    if (cell && (event.shiftKey || this.classList.contains("picking"))) {
      event.preventDefault();
      this.#pick(cell);
    }
  }

  #picking(on) {
    this.classList.toggle("picking", on);
    this.querySelector("#board-pick")?.setAttribute("aria-pressed", String(on));
    if (!on) this.#pick(null);
  }

  /** The first cell is kept, a second one of its row opens what differs between the two. */
  #pick(cell) {
    const row = cell?.closest(".file");
    if (!cell || !row || !cell.dataset.l) {
      this.#picked = null;
    } else {
      const now = { row: row.dataset.row, letter: cell.dataset.l };
      const before = this.#picked;
      if (before?.row === now.row && before.letter !== now.letter) {
        this.#picked = null;
        location.assign(this.#between(now.row, before.letter, now.letter));
        return;
      }
      this.#picked = before?.row === now.row ? null : now;
    }
    this.#pickShow();
  }

  #between(path, left, right) {
    return `${this.dataset.url.replace(/board$/, "compare")}?${new URLSearchParams({ left, right, path })}`;
  }

  #pickShow() {
    for (const cell of this.querySelectorAll("[aria-selected]")) cell.removeAttribute("aria-selected");
    let bar = this.querySelector(":scope > .pickbar");
    const picked = this.#picked;
    const row = picked && this.#grid?.querySelector(`:scope > [data-row="${CSS.escape(picked.row)}"]`);
    if (!row) {
      bar?.remove();
      return;
    }
    row.querySelector(`[data-l="${picked.letter}"]`)?.setAttribute("aria-selected", "true");
    if (!bar) {
      bar = document.createElement("div");
      bar.className = "pickbar";
      bar.setAttribute("role", "status");
      this.append(bar);
    }
    const name = document.createElement("span");
    name.append(chip(picked.letter), ` of ${picked.row.split("/").at(-1)} with`);
    const links = [...row.querySelectorAll("[data-l]")].filter((cell) => cell.dataset.l !== picked.letter).map((cell) => {
      const link = document.createElement("a");
      link.className = "btn sm ico";
      link.href = this.#between(picked.row, picked.letter, cell.dataset.l);
      link.setAttribute("aria-label", `Compare ${picked.letter} and ${cell.dataset.l}`);
      link.append(chip(cell.dataset.l));
      return link;
    });
    const end = document.createElement("button");
    end.className = "btn bare sm";
    end.dataset.unpick = "";
    end.textContent = "Cancel";
    bar.replaceChildren(name, ...links, end);
  }
}

function chip(letter) {
  const node = document.createElement("span");
  node.className = `v v-${letter.toLowerCase()} ch sm`;
  node.textContent = letter;
  return node;
}

const count = (number) => number.toLocaleString("en");

/** What a cell says apart from its mark. */
function numbers(cell) {
  return [...cell.querySelectorAll(".p, .m, .say")].map((each) => each.textContent).join(" ") + (cell.tagName === "A" ? "" : "no");
}

function inSight(element) {
  const box = element.getBoundingClientRect();
  return box.bottom > TOP_PX && box.top < innerHeight;
}

if (!customElements.get("task-board")) customElements.define("task-board", TaskBoard);
