// What a swap must not lose: how far the reader has scrolled, and what is opened. And the open tab is in sight from the start.
const kept = new Map();
let opened = [];

const keepers = (root) => [...root.querySelectorAll("[data-keep-scroll][id]")].concat(root.matches("[data-keep-scroll][id]") ? root : []);

document.addEventListener("htmx:beforeSwap", (event) => {
  for (const element of keepers(event.detail.target)) kept.set(element.id, [element.scrollLeft, element.scrollTop]);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  opened = [...event.detail.target.querySelectorAll("details[id][open]")].map((details) => details.id);
});

document.addEventListener("htmx:afterSwap", (event) => {
  for (const id of opened) {
    const details = event.detail.target.querySelector(`#${CSS.escape(id)}`);
    if (details) details.open = true;
  }
  for (const element of keepers(event.detail.target)) {
    const at = kept.get(element.id);
    if (at) [element.scrollLeft, element.scrollTop] = at;
  }
  kept.clear();
  for (const element of event.detail.target.querySelectorAll("[data-end]")) element.scrollTop = element.scrollHeight;
});

/** Scrolls only the strip itself, never the page. */
function tabShow() {
  const tab = document.querySelector("#tabs .tab[aria-current]");
  const strip = tab?.closest("#tabs");
  if (strip) strip.scrollLeft = tab.offsetLeft - (strip.clientWidth - tab.clientWidth) / 2;
}

for (const element of document.querySelectorAll("[data-end]")) element.scrollTop = element.scrollHeight;
tabShow();
