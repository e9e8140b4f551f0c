// The tray on the page. Each answer replaces it: what one opens, types and presses in it outlasts that.
import { isAnswered, redo, seen, send, settled, shut, tray, undo } from "./compose-tray.js";
import { keptSend } from "./kept.js";
import { keySay } from "./key-says.js";

const LIVE_MS = 500;

let refresh = 0;

/** Agents go on: what was picked of them may be gone, or contradict. And the task may be over. */
function follow() {
  document.addEventListener(tray().dataset.live, () => {
    refresh ||= setTimeout(() => {
      refresh = 0;
      send();
    }, LIVE_MS);
  });
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-tray]")) return;
  event.preventDefault();
  if (event.submitter?.name === "undo") return undo();
  if (event.submitter?.name === "redo") return redo();
  const values = new FormData(event.target, event.submitter);
  send(() => Object.fromEntries(values));
});

// --- In a narrow window it is one line that opens ---------------------------------------------------

/** Of the page, not of the tray: that is another one after each change. */
export function trayOpen(on) {
  document.body.classList.toggle("tray-open", on);
  moreShow();
}

const moreShow = () => document.getElementById("tray-more")?.setAttribute("aria-expanded", document.body.classList.contains("tray-open"));

document.addEventListener("click", (event) => {
  if (event.target.closest("#tray-more")) trayOpen(!document.body.classList.contains("tray-open"));
});

// --- The title of the commit, and why ------------------------------------------------------------

const words = () => document.querySelector("#tray form:has(> .why)");

/** Who asks an agent to reconcile has the same title and why. */
document.addEventListener("formdata", (event) => {
  if (!event.target.matches(".reconcile")) return;
  for (const field of words().querySelectorAll(".why [name]")) event.formData.set(field.name, field.value);
});

document.addEventListener("submit", ({ target }) => target.matches(".reconcile") && keptSend(words()));

let failed = 0; // how many requests that change the tray did
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:sendAbort"]) {
  document.addEventListener(name, ({ detail }) => {
    if (detail.target?.id !== "tray" || detail.requestConfig.verb !== "post") return;
    failed += 1;
    settled().then(() => document.dispatchEvent(new CustomEvent("tray:same")));
  });
}

/** What leaves the page goes with all that was picked before, before anybody else hears of it; and not at all if some of that was refused. */
document.addEventListener(
  "submit",
  (event) => {
    if (isAnswered() || !event.target.matches("#tray form:not([data-tray]), .stale form")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const [before, { id }] = [failed, event.submitter ?? event.target.querySelector("button")];
    settled().then(() => {
      if (failed === before) document.getElementById(id)?.click();
      else keySay("Nothing was done: something that was picked before was refused. Look at the tray, then press again.");
    });
  },
  { capture: true },
);

/** What makes a variant is sent once: a second press would find nothing picked. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("#tray form:is(:has(> .why), .reconcile)")) return;
  if ("sent" in event.target.dataset) event.preventDefault();
  event.target.dataset.sent = "";
});

function sentForget() {
  for (const form of document.querySelectorAll("#tray [data-sent]")) delete form.dataset.sent;
}

window.addEventListener("pageshow", sentForget);
window.navigation?.addEventListener("navigateerror", sentForget); // whoever stopped it is still here

/** Whoever opens it writes: from the press on nothing that is typed is a command. */
document.addEventListener("click", (event) => {
  const details = event.target.closest("#tray .why > summary")?.parentElement;
  if (!details || details.open) return;
  event.preventDefault();
  details.open = true;
  const title = document.getElementById("tray-title");
  title.focus();
  title.select();
});

/** The title follows what is taken until somebody writes another. */
function titleFollow() {
  const field = document.getElementById("tray-title");
  if (!field) return;
  const own = field.value !== field.defaultValue;
  field.defaultValue = tray().dataset.title ?? "";
  if (!own) field.value = field.defaultValue;
}

// --- Another one comes ---------------------------------------------------------------------------

let shown = ""; // the answer that the tray is

/** A tray that has not changed stays: what is pressed in it just then would be lost with it. */
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { requestConfig, target, xhr } = event.detail;
  if (target?.id !== "tray" || xhr.status !== 200) return;
  const told = xhr.responseText.replaceAll(/name="csrfmiddlewaretoken" value="[^"]*"/g, ""); // another one in every answer
  if (requestConfig.verb === "get" && told === shown) {
    event.preventDefault();
    setTimeout(() => document.dispatchEvent(new CustomEvent("tray:same")));
  }
  shown = told;
});

let focusAt = null; // what of the tray has the focus while it is replaced

const chipButtons = () => [...tray().querySelectorAll(".pickchip button")];
const isShown = (element) => element && !element.closest("[hidden]");

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "tray") return;
  const element = document.activeElement;
  const { id, selectionStart: from, selectionEnd: to } = element;
  focusAt = tray().contains(element) ? { element, id, from, to, chip: chipButtons().indexOf(element) } : null;
});

/** The focus stays where it was: at the next pick, in the title, or where a pick is brought back. */
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt.id !== "tray" || !focusAt) return;
  const { element, id, from, to, chip } = focusAt;
  focusAt = null;
  if (element === document.activeElement) return;
  const same = chip < 0 ? document.getElementById(id) : (chipButtons()[chip] ?? chipButtons().at(-1));
  const next = [same, document.getElementById("tray-undo"), document.getElementById("main")].find(isShown);
  next.focus();
  if (next === element && from != null) next.setSelectionRange(from, to);
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt.id !== "tray") return;
  for (const why of document.querySelectorAll(".taking-why")) if (why.textContent !== shut()) why.textContent = shut();
  moreShow();
  titleFollow();
  newestShow();
  staleShow();
});

/** On the page of a preview: is it still what would be made? */
function staleShow() {
  const note = document.querySelector(".stale[data-seen]");
  if (note) note.hidden = note.dataset.seen === seen();
}

/** What was taken last stands at the end. */
function newestShow() {
  const chips = tray().querySelector(".tray-chips");
  chips?.scrollTo(chips.scrollWidth, chips.scrollHeight);
}

// What was refused may have been asked of a tray that another window has changed.
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.target?.id === "tray" && detail.requestConfig.verb === "post") send();
});

if (tray()) {
  follow();
  send();
  // The same tray is in other windows too.
  document.addEventListener("visibilitychange", () => document.hidden || send());
}
