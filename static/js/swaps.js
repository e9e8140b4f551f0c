// What a swap must not lose: a press, how far the reader has scrolled, what is opened, and where the focus is. And the open tab is in sight from the start.
import { isPressed, released } from "./press.js";

// An answer of htmx that would replace what is pressed comes as late as if the network were slow: what asked for it,
// and what is asked after it, wait too. Those that would replace the same are taken in their order.
let late = []; // { parts, take }

const within = (one, other) => one.contains(other) || other.contains(one);
const isHeld = (parts) => parts.some((part) => isPressed(part) || late.some((before) => before.parts.some((other) => within(part, other))));

/** What an answer replaces: its target, and what it names besides. */
function partsOf({ target, xhr }) {
  if (!xhr.responseText.includes("hx-swap-oob")) return [target];
  const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
  return [target, ...[...answer.querySelectorAll("[hx-swap-oob]")].map(({ id }) => document.getElementById(id)).filter(Boolean)];
}

function taken({ take }) {
  try {
    take();
  } catch (error) {
    reportError(error); // the next ones come all the same
  }
}

async function lateTake() {
  while (late.length) {
    await released(document);
    const all = late;
    late = [];
    for (const answer of all) {
      if (isHeld(answer.parts)) late.push(answer);
      else taken(answer);
    }
  }
}

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const { xhr } = detail;
  const { onload, onabort } = xhr;
  xhr.onload = () => {
    const parts = late.length || isPressed(document) ? partsOf(detail) : [];
    if (!isHeld(parts)) return onload.call(xhr);
    late.push({ parts, take: () => onload.call(xhr) });
    // There is nothing left to break off in a request that is answered: its answer is dropped.
    xhr.abort = () => {
      if (late.some(({ parts: those }) => those === parts)) onabort.call(xhr);
      late = late.filter(({ parts: those }) => those !== parts);
    };
    if (late.length === 1) lateTake();
  };
});

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
