// The strip beside a long diff: where the changes are, and what of it is in the window. It counts rows, not
// pixels, because parts that were never in sight have no height yet. Keys do the same (j, k): it is for the eye.

const MIN_ROWS = 40;

class DiffMinimap extends HTMLElement {
  connectedCallback() {
    this.canvas = this.appendChild(document.createElement("canvas"));
    this.pane = this.appendChild(document.createElement("i"));
    this.ended = new AbortController();
    const { signal } = this.ended;
    this.addEventListener("pointerdown", (event) => this.#grab(event), { signal });
    this.addEventListener("pointermove", (event) => event.buttons && this.#go(event.clientY), { signal });
    this.view.addEventListener("diff-rows", () => this.#draw(), { signal });
    this.view.addEventListener("hunkbars", () => this.#window(), { signal });
    window.addEventListener("scroll", () => this.#later(), { passive: true, signal });
    this.sizes = new ResizeObserver(() => this.#draw());
    this.sizes.observe(this);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw(), { signal });
  }

  disconnectedCallback() {
    this.ended.abort();
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
  }

  get view() {
    return this.parentElement.querySelector("diff-view");
  }

  /** Sections with how many rows stand before each, and the changed stretches. */
  #measure() {
    this.sections = [];
    this.stretches = [];
    let row = 0;
    const split = this.view.classList.contains("two");
    for (const element of this.view.querySelectorAll(":scope > .rows")) {
      const first = row;
      let left = null; // the left half of the row
      for (const cell of element.children) {
        if (cell.matches(".hunkbar")) continue;
        if (cell.matches(".fold")) row += 1;
        else if (split && !left) left = cell;
        else {
          const removed = (left ?? cell).classList.contains("del");
          const added = cell.classList.contains("add");
          if (removed || added) this.#stretch(row, removed, added);
          row += 1;
          left = null;
        }
      }
      this.sections.push({ element, first, count: row - first });
    }
    this.rows = row;
  }

  #stretch(row, removed, added) {
    const last = this.stretches.at(-1);
    if (last && last.end === row && last.removed === removed && last.added === added) last.end += 1;
    else this.stretches.push({ start: row, end: row + 1, removed, added });
  }

  #draw() {
    this.#measure();
    this.hidden = this.rows < MIN_ROWS;
    for (const box of [this.parentElement, this.closest(".cmp-file")]) box?.classList.toggle("mapped", !this.hidden);
    const [width, height] = [this.clientWidth, this.clientHeight];
    if (this.hidden || !width || !height) return;
    const scale = devicePixelRatio || 1;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    const [del, add] = ["--map-left", "--map-right"].map((name) => this.#colour(name));
    const half = width / 2 - 1;
    for (const { start, end, removed, added } of this.stretches) {
      const y = (start / this.rows) * height;
      const high = Math.max(2, ((end - start) / this.rows) * height);
      if (removed) {
        pen.fillStyle = del;
        pen.fillRect(1, y, half, high);
      }
      if (added) {
        pen.fillStyle = add;
        pen.fillRect(half + 1, y, half, high);
      }
    }
    this.#window();
  }

  #colour(name) {
    this.canvas.style.color = `var(${name})`;
    return getComputedStyle(this.canvas).color;
  }

  #later() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.#window());
  }

  /** Where the window is, in rows. */
  #window() {
    if (this.hidden || !this.rows) return;
    const [from, to] = [this.#rowAt(this.getBoundingClientRect().top), this.#rowAt(innerHeight)];
    this.pane.style.top = `${(100 * from) / this.rows}%`;
    this.pane.style.height = `${Math.max(1, (100 * (to - from)) / this.rows)}%`;
  }

  #rowAt(y) {
    for (const { element, first, count } of this.sections) {
      const { top, bottom, height } = element.getBoundingClientRect();
      if (y < top) return first;
      if (y < bottom) return first + (count * (y - top)) / height;
    }
    return this.rows;
  }

  #grab(event) {
    event.preventDefault();
    this.setPointerCapture(event.pointerId);
    this.#go(event.clientY);
  }

  #go(y) {
    const { top, height } = this.getBoundingClientRect();
    const row = Math.max(0, Math.min(1, (y - top) / height)) * this.rows;
    const section = this.sections.findLast(({ first }) => first <= row);
    if (!section) return;
    const place = () => {
      const box = section.element.getBoundingClientRect();
      const at = box.top + (box.height * (row - section.first)) / Math.max(1, section.count);
      window.scrollBy({ top: at - innerHeight / 2, behavior: "instant" });
    };
    place();
    requestAnimationFrame(place); // the section has its real height only now
  }
}

if (!customElements.get("diff-minimap")) customElements.define("diff-minimap", DiffMinimap);
