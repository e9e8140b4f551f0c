// What a swap must not lose: how far the reader has scrolled, what is opened, and where the focus is. And the open tab is in sight from the start.
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

// htmx finds the focus again where the element has an id. Others are known by what they do.
let focus = null;

const NAMES = ["href", "name", "value", "aria-label"];
/** What tells an element again in what takes its place: `alike` finds those that are told by the same. */
export const kindOf = (element) => ({ tag: element.localName, does: doing(element) });
const doing = (element) => NAMES.map((name) => element.getAttribute(name)).filter(Boolean).join(" ") || element.textContent.trim();
export const alike = (root, { tag, does }) => [...root.querySelectorAll(tag)].filter((element) => doing(element) === does);

function focusNote({ detail: { target, shouldSwap } }) {
  const active = document.activeElement;
  if (!shouldSwap || active === target || !target.contains(active)) return;
  const kind = kindOf(active);
  focus = { ...kind, at: alike(target, kind).indexOf(active), id: target.id };
}

for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) document.addEventListener(name, focusNote);

document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (!focus) return;
  const { id, at, ...kind } = focus;
  focus = null;
  if (document.activeElement && document.activeElement !== document.body) return;
  const root = (id && document.getElementById(id)) || (detail.target.isConnected ? detail.target : target);
  const found = alike(root, kind);
  const next = found[at] ?? found.at(-1) ?? root;
  if (next === root && !root.hasAttribute("tabindex")) root.tabIndex = -1;
  next.focus({ preventScroll: true });
});

/** Scrolls only the strip itself, never the page. */
function tabShow() {
  const tab = document.querySelector("#tabs .tab[aria-current]");
  const strip = tab?.closest("#tabs");
  if (strip) strip.scrollLeft = tab.offsetLeft - (strip.clientWidth - tab.clientWidth) / 2;
}

for (const element of document.querySelectorAll("[data-end]")) element.scrollTop = element.scrollHeight;
tabShow();
