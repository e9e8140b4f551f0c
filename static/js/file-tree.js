// <file-tree>: filters the list of files by what is typed; every word must be in the path. Folders collapse.
// In a narrow window it is one line that opens.

class FileTree extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=search]");
    this.input.addEventListener("input", () => this.filter());
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("click", (event) => this.#click(event));
    this.#foldable();
    this.filter();
    this.#currentShow();
  }

  /** Enter opens the first match, and leaves the field for it; Escape shows all files again, then leaves. */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && this.shown.length) {
      this.shown[0].click();
      this.input.blur();
    } else if (event.key === "Escape" && this.input.value) {
      event.preventDefault();
      this.input.value = "";
      this.filter();
    } else if (event.key === "Escape") this.input.blur();
  }

  #click({ target }) {
    if (target.closest(".tree-more")) this.show(!this.classList.contains("open"));
    else if (target.closest("a")) this.show(false);
  }

  /** Open the list, where a narrow window shows its first line only, or close it. */
  show(isOpen) {
    this.classList.toggle("open", isOpen);
    this.querySelector(".tree-more").setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.#currentShow();
  }

  /** To the field that filters. */
  filterFocus() {
    this.show(true);
    this.input.focus();
  }

  get folders() {
    return [...this.querySelectorAll("details.dir")];
  }

  #foldable() {
    const button = this.querySelector(".fold-all");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const fold = this.folders.some((folder) => folder.open);
      for (const folder of this.folders) folder.open = !fold;
      const name = fold ? "Open all folders" : "Collapse all folders";
      button.setAttribute("aria-label", name);
      button.title = name;
    });
  }

  // Moves the list only, never the page.
  #currentShow() {
    const list = this.querySelector(".stuck");
    if (!this.current || !list) return;
    this.current.closest("details").open = true;
    const [row, box] = [this.current.getBoundingClientRect(), list.getBoundingClientRect()];
    const head = list.querySelector(".hd").offsetHeight;
    if (row.top < box.top + head) list.scrollTop += row.top - box.top - head;
    else if (row.bottom > box.bottom) list.scrollTop += row.bottom - box.bottom;
  }

  get links() {
    return [...this.querySelectorAll("nav a")];
  }

  get shown() {
    return this.links.filter((link) => !link.hidden);
  }

  get current() {
    return this.querySelector("nav a[aria-current]");
  }

  select(url) {
    const path = new URL(url, location.href).searchParams.get("path");
    for (const link of this.links) {
      const same = new URL(link.href).searchParams.get("path") === path;
      link.toggleAttribute("aria-current", same);
      if (same) link.setAttribute("aria-current", "true");
    }
    if (this.unviewedOnly) this.filter();
    this.#currentShow();
  }

  filter() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const link of this.links) {
      const path = link.title.toLowerCase();
      const known = this.unviewedOnly && link.dataset.seen === "viewed" && !link.hasAttribute("aria-current");
      link.hidden = known || !words.every((word) => path.includes(word));
    }
    for (const folder of this.folders) {
      folder.hidden = !folder.querySelector("a:not([hidden])");
      if (words.length && !folder.hidden) folder.open = true;
    }
    this.querySelector(".none").hidden = this.shown.length > 0 || !this.links.length;
  }
}

if (!customElements.get("file-tree")) customElements.define("file-tree", FileTree);
