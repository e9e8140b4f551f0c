// <file-comments>: the threads of one file, laid over what shows it: a diff, columns, the whole file. That itself is
// shared and cached; these come after it, as rows below their lines. What has no line here (a file's own, outdated
// ones) stands in this element.
//
// When something changes elsewhere only what differs is replaced, what is being typed is left alone, and the line
// that one reads stays where it is.
import { formsPut, formsShown, formsWatch } from "./comment-forms.js";
import { formIsWritten } from "./comment-suggest.js";
import { h } from "./dom.js";
import { columnOf, firstSeen, lineReveal, placeBelow, scrollerOf, viewIn } from "./comment-places.js";
import { centre } from "./in-sight.js";
import { keptRestore, keptThreads } from "./kept.js";
import { inTurn } from "./live-file.js";
import { answerSoon } from "./patience.js";
import { released } from "./press.js";

const layers = new Set();
const orphans = new Set(); // forms whose diff went away

/** The layer of a diff. */
export const layerOf = (view) => view?.closest("section, live-diff")?.querySelector("file-comments");

/** The forms that something is written in, also those whose diff went away: { row, at, key }. */
export function formsWritten() {
  const open = [...layers].flatMap((layer) => layer.forms.map((row) => ({ row, at: layer.at(row), key: layer.key(layer.at(row).side) })));
  return [...open, ...orphans].filter(({ row }) => formIsWritten(row.firstElementChild));
}

/** Look again, wherever threads are shown. */
/** False if one of them could not be read. */
export const layersLoad = async () => !(await Promise.all([...layers].map((layer) => layer.load()))).includes(false);

class FileComments extends HTMLElement {
  #rows = new Map(); // thread id -> its <comment-row>
  #forms = new Map(); // form's <comment-row> -> { side, end }
  #seen = "";
  #loading = null;
  #lost = null;

  connectedCallback() {
    layers.add(this);
    this.sides = new Map(JSON.parse(this.dataset.sides).map((side) => [side.name, side]));
    const { task } = this.dataset;
    this.onLive = () => this.load();
    this.onRows = (event) => event.target === this.view && this.#place();
    document.addEventListener(`live:task:${task}`, this.onLive);
    document.addEventListener("diff-rows", this.onRows);
    for (const button of this.closest("#file")?.querySelectorAll("[data-comment-file]") ?? []) button.hidden = !this.sideOf(button);
    // The view comes after this element.
    queueMicrotask(() => {
      this.#formsAdopt();
      document.dispatchEvent(new CustomEvent("comment-layer", { detail: this }));
    });
    this.load();
  }

  disconnectedCallback() {
    layers.delete(this);
    document.removeEventListener(`live:task:${this.dataset.task}`, this.onLive);
    document.removeEventListener("diff-rows", this.onRows);
    this.#loading?.abort();
    for (const [row, at] of this.#forms) if (formIsWritten(row.firstElementChild)) orphans.add({ row, at, key: this.key(at.side) });
  }

  get view() {
    return viewIn(this.parentElement);
  }

  /** What a comment on a side is about: base, a letter; empty where there can be none. */
  on(side) {
    return this.sides.get(side)?.on ?? "";
  }

  /** What a side is compared with here: the other one of two, else the base if it is shown. */
  against(side) {
    const others = [...this.sides.values()].filter(({ name }) => name !== side);
    const other = others.length === 1 ? others[0] : others.find(({ on }) => on === "base");
    return !other || other.on === this.on(side) ? "" : other.on;
  }

  path(side) {
    return this.sides.get(side).path;
  }

  commit(side) {
    return this.sides.get(side).commit;
  }

  /** The side that a comment on the whole file is about: the right one of two, the first variant's column. */
  get sideFirst() {
    const sides = [...this.sides.values()].filter(({ on }) => on);
    const right = sides.find(({ name }) => name === "R");
    return (right ?? sides.find(({ on }) => on !== "base") ?? sides[0])?.name ?? null;
  }

  /** The side that a button to comment on the whole file is for: the one it names, else the first. */
  sideOf(button) {
    const named = button.dataset.commentFile;
    return named ? this.on(named) && named : this.sideFirst;
  }

  key(side) {
    return `${this.dataset.task} ${this.on(side)} ${this.path(side)}`;
  }

  /** The lines of a form with this key as they are called here, where they may be on the other side; null if on none. */
  atFor(key, at) {
    const side = [at.side, ...this.sides.keys()].find((one) => this.on(one) && this.key(one) === key);
    return side ? { ...at, side } : null;
  }

  // --- Loading ---

  /** None puts off another: while agents work, changes may come quicker than answers. */
  load = inTurn(() => this.#look());

  async #look() {
    if (!this.isConnected) return true;
    const loading = (this.#loading = new AbortController());
    const forms = [...this.#rows.values()].flatMap(formsShown);
    const query = new URLSearchParams({ seen: this.#seen, forms });
    let answer;
    try {
      answer = await answerSoon(`${this.dataset.url}&${query}`, { headers: { "HX-Request": "true" }, signal: loading.signal });
    } catch {
      return loading.signal.aborted; // gone, or no server: the next change asks again
    }
    await released(this.parentElement ?? this);
    if (loading.signal.aborted || answer.status === 204 || !this.isConnected) return true;
    if (!answer.ok) return false;
    const parts = document.createElement("template");
    parts.innerHTML = answer.text;
    const root = parts.content.firstElementChild;
    const arrives = !this.#seen;
    this.#seen = root.dataset.seen;
    const counts = JSON.parse(root.querySelector("script").textContent);
    const change = () => {
      this.#take([...root.querySelectorAll(":scope > .thread")]);
      this.#place();
    };
    if (arrives && isUnread(this.view)) change();
    else placeKeep(this.view, change);
    document.dispatchEvent(new CustomEvent("comment-counts", { detail: counts }));
    if (arrives && !this.view?.hasAttribute("data-stays")) await this.#addressShow();
    return true;
  }

  #take(threads) {
    const named = new Set(threads.map((thread) => thread.dataset.thread));
    for (const [id, row] of this.#rows) {
      if (named.has(id) || isBusy(row)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    for (const fresh of threads) {
      const id = fresh.dataset.thread;
      const row = this.#rows.get(id);
      if (row) threadUpdate(row, fresh);
      else this.#rows.set(id, h("comment-row", { "data-side": fresh.dataset.side }, fresh));
    }
    const written = keptThreads();
    const rows = [...this.#rows.values()];
    for (const row of rows) {
      keptRestore(row);
      formsWatch(row);
    }
    formsPut(rows.map((row) => row.firstElementChild).filter((thread) => written.has(thread.dataset.thread)));
  }

  // --- Placing ---

  /** Put every row below its line, or below the fold that hides it; the rest into this element. */
  #place() {
    const lost = [];
    for (const row of this.#rows.values()) {
      const { side, where, end } = row.firstElementChild.dataset;
      row.dataset.side = side;
      const below = where === "lines" ? this.#below(side, Number(end)) : null;
      if (below) this.#rowPut(row, side, below);
      else if (where === "outdated") lost.push(row);
      else if (row.parentElement !== this) this.#ownPut(row);
    }
    for (const [row, at] of this.#forms) this.#formPut(row, at);
    this.#lostShow(lost);
  }

  /** In their order also where the lines are not there yet: those far below must not come into sight for a moment. */
  #ownPut(row) {
    const last = [...this.children].findLast((one) => one.localName === "comment-row" && one.firstElementChild.matches(".thread"));
    if (last) last.after(row);
    else this.prepend(row);
  }

  #below(side, number) {
    return this.view && placeBelow(this.view, side, number);
  }

  #rowPut(row, side, below) {
    rowPut(row, below);
    const column = columnOf(this.view, side);
    if (column !== null) row.style.setProperty("--column", column);
  }

  #lostShow(rows) {
    if (!rows.length) {
      this.#lost?.remove();
      this.#lost = null;
      return;
    }
    this.#lost ??= h("details.lost", null, h("summary"));
    this.#lost.firstChild.textContent = `${rows.length} outdated comment${rows.length === 1 ? "" : "s"}: the code is not there any more`;
    for (const row of rows) if (row.parentElement !== this.#lost) this.#lost.append(row);
    if (!this.#lost.isConnected) this.append(this.#lost);
  }

  // --- Forms ---

  /** Shows a form below a line, or (without one) above the diff. */
  formAdd(form, at) {
    const row = h("comment-row", { "data-side": at.side }, form);
    this.#forms.set(row, at);
    this.#formPut(row, at);
    return row;
  }

  formMove(row, at) {
    this.#forms.set(row, at);
    this.#formPut(row, at);
  }

  formRemove(row) {
    this.#forms.delete(row);
    row.remove();
  }

  /** The rows of forms that are open, newest last. */
  get forms() {
    return [...this.#forms.keys()];
  }

  at(row) {
    return this.#forms.get(row);
  }

  #formPut(row, at) {
    const below = at.end ? this.#below(at.side, at.end) : null;
    if (below) this.#rowPut(row, at.side, below);
    else if (row.parentElement !== this) this.prepend(row);
  }

  #formsAdopt() {
    for (const orphan of orphans) {
      const at = this.atFor(orphan.key, orphan.at);
      if (!at) continue;
      orphans.delete(orphan);
      orphan.row.dataset.side = at.side;
      this.formMove(orphan.row, at);
    }
  }

  // --- Addresses ---

  async #addressShow() {
    const row = this.#rows.get(/^#comment-(\d+)$/.exec(location.hash)?.[1]);
    if (row) await this.show(row);
  }

  async show(row) {
    const thread = row.firstElementChild;
    const { side, where, end } = thread.dataset;
    if (where === "lines" && this.view) {
      await lineReveal(this.view, side, Number(end));
      this.#place();
    }
    if (row.parentElement === this.#lost) this.#lost.open = true;
    thread.open = true;
    formsPut([thread]);
    for (const old of document.querySelectorAll(".thread[data-here]")) delete old.dataset.here;
    thread.dataset.here = "";
    centre(thread);
  }

  static addressShow() {
    for (const layer of layers) layer.#addressShow();
  }
}

// --- Rows ----------------------------------------------------------------------------------------

/** Is somebody writing in it? */
function isBusy(row) {
  const fields = [...row.querySelectorAll("textarea:enabled")];
  return fields.some((field) => field.value !== field.defaultValue || field === document.activeElement);
}

/** Takes over what differs, but nothing that is being written. */
function threadUpdate(row, fresh) {
  const thread = row.firstElementChild;
  const was = thread.classList.toString();
  for (const name of ["side", "where", "start", "end"]) thread.dataset[name] = fresh.dataset[name];
  if (was !== fresh.className) thread.className = fresh.className;
  const resolved = (one) => Boolean(one.querySelector(".thread-head .ok"));
  if (resolved(thread) !== resolved(fresh)) thread.open = fresh.open;
  for (const part of [".thread-head", ".thread-msgs", ".thread-foot"]) {
    const [mine, theirs] = [thread.querySelector(`:scope > ${part}`), fresh.querySelector(`:scope > ${part}`)];
    if (!isBusy(mine) && !mine.contains(document.activeElement)) mine.replaceWith(theirs);
    else if (part === ".thread-msgs") messagesUpdate(mine, theirs);
  }
  thread.toggleAttribute("data-bare", Boolean(thread.querySelector("[data-forms]")));
}

/** One of the messages is being edited: add and replace the others. */
function messagesUpdate(mine, theirs) {
  for (const fresh of theirs.querySelectorAll(":scope > .msg")) {
    const known = mine.querySelector(`#${fresh.id}`);
    if (!known) mine.querySelector(":scope > .msg:last-of-type")?.after(fresh);
    else if (!isBusy(known) && !known.contains(document.activeElement)) known.replaceWith(fresh);
  }
}

/** Below a cell: threads after each other, forms after them. A row that is there stays, so that it keeps the focus. */
function rowPut(row, cell) {
  const isForm = row.firstElementChild.matches("form");
  let after = cell;
  for (let next = cell.nextElementSibling; next?.localName === "comment-row"; next = next.nextElementSibling) {
    if (next === row) return;
    if (isForm || !next.firstElementChild.matches("form")) after = next;
  }
  after.after(row);
}

/** Changes rows without moving what is read. */
function placeKeep(view, change) {
  const mark = view && (focused(view) ?? firstSeen(view));
  const before = mark?.getBoundingClientRect().top;
  change();
  if (!mark?.isConnected) return;
  const moved = mark.getBoundingClientRect().top - before;
  if (Math.abs(moved) >= 1) (scrollerOf(view) ?? window).scrollBy(0, moved);
}

/** A page that has just come, at its beginning: nobody reads a line yet, and its head is to stay in sight. */
function isUnread(view) {
  return Boolean(view) && !view.hasAttribute("data-stays") && !scrollY && !scrollerOf(view)?.scrollTop && !focused(view);
}

function focused(view) {
  const active = document.activeElement;
  return active && active !== document.body && view.contains(active) ? active : null;
}

if (!customElements.get("file-comments")) customElements.define("file-comments", FileComments);
addEventListener("hashchange", FileComments.addressShow);
