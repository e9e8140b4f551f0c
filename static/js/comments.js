// Comments: their forms are sent without leaving the page, the list opens in a drawer, files show how many they have.
import "./comment-layer.js";
import "./comment-pick.js";
import "./comment-kept.js";
import { formsPut, formsShown, formsWatch } from "./comment-forms.js";
import { layersLoad } from "./comment-layer.js";
import { dialogOpen } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { failureShow, followFailed } from "./failures.js";
import { errorShow } from "./form-error.js";
import { keptRestore, keptSent, keptThreads } from "./kept.js";
import { inTurn } from "./live-file.js";
import { onceName } from "./once.js";
import { answerSoon } from "./patience.js";
import { released } from "./press.js";
import { alike, kindOf } from "./swaps.js";

// --- Sending -------------------------------------------------------------------------------------

document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (!("commentForm" in form.dataset) || event.defaultPrevented) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  errorShow(form, "");
  const at = whereOf(form);
  try {
    const answer = await sent(form, submitter);
    if (!answer.ok) throw new Error(wordsOf(answer.text));
    if (!form.isConnected) keptSent(form);
    form.dispatchEvent(new CustomEvent("comment-posted", { bubbles: true }));
    form.reset();
    form.closest("details.msg-edit, details.newwhole")?.removeAttribute("open");
    if (form.contains(document.activeElement)) document.activeElement.blur(); // what was sent is no longer typed
    await shownAnew();
    focusBack(at);
    htmx.trigger(document.body, "acted");
  } catch (error) {
    errorShow(form, error.message);
  } finally {
    delete form.dataset.busy;
  }
});

async function sent(form, submitter) {
  onceName(form);
  try {
    return await answerSoon(form.action, { method: "POST", body: new FormData(form, submitter), headers: { "HX-Request": "true" } });
  } catch (error) {
    throw new Error(`${error.message} Send it again: nothing is saved twice.`);
  }
}

/** It is saved by now: if it cannot be shown, that is no fault of the form. */
async function shownAnew() {
  const told = await Promise.all([layersLoad(), listRenew().catch(() => false)]);
  if (!told.includes(false)) return;
  const text = "It was saved. What is shown here is older, for the comments could not be loaded again: load the page anew.";
  const drawn = list()?.closest("dialog[open]") && list(); // before which no notice of the page is seen
  if (drawn) errorShow(drawn, text);
  else failureShow(text);
}

const idOf = (thread) => thread.dataset.thread;
const threadsOf = (place) => [...place.querySelectorAll(".thread[data-thread]")];
const placeOf = () => document.querySelector("dialog[open]") ?? document;

/** Which of the threads a form is in; of none, then it makes one. */
function whereOf(form) {
  const thread = form.closest(".thread[data-thread]");
  const known = threadsOf(placeOf());
  return { id: thread && idOf(thread), index: known.indexOf(thread), known: new Set(known.map(idOf)) };
}

/** To the thread that one has just written in or made: its form may be gone, and the focus with it. Where that is no
 * longer shown, to the one in its place. */
function focusBack({ id, index, known }) {
  if (document.activeElement && document.activeElement !== document.body) return;
  const threads = threadsOf(placeOf());
  const same = threads.find((thread) => (id ? idOf(thread) === id : !known.has(idOf(thread))));
  threadFocus(same ?? threads[index] ?? threads.at(-1) ?? list());
}

/** To a thread itself: where the focus is in its head or a field, what is shown there is left alone. */
function threadFocus(thread) {
  if (!thread) return;
  thread.tabIndex = -1;
  thread.focus({ preventScroll: true });
}

/** The sentence of a notice. */
function wordsOf(html) {
  const parts = document.createElement("template");
  parts.innerHTML = html;
  return parts.content.querySelector("p")?.textContent.trim() || "The server did not take it. Try again.";
}

// --- The list ------------------------------------------------------------------------------------

const list = () => document.querySelector(".clist");

/** Is somebody in a field of the list, or about to be? Then it stays as it is. What was written in others is kept and comes back. */
const isBusy = (shown) => shown.contains(document.activeElement) && document.activeElement.matches("textarea, select, summary, [data-suggest]");

/** The newest state of the list, if there is one on the page; nothing that is being written is lost. False if it was refused. */
async function listLoad(address = list()?.dataset.commentsAt) {
  const shown = list();
  const same = address === shown?.dataset.commentsAt;
  if (!shown || !address || (same && isBusy(shown))) return true;
  const url = new URL(address, location.href);
  if (same) url.searchParams.set("forms", formsShown(shown));
  const answer = await answerSoon(url, { headers: { "HX-Request": "true" } });
  await released(shown);
  if (!answer.ok) return false;
  if (!shown.isConnected || (same && isBusy(shown))) return true;
  const ticked = new Set([...shown.querySelectorAll("[name=comments]:checked")].map((box) => box.value));
  const parts = document.createElement("template");
  parts.innerHTML = answer.text;
  for (const box of parts.content.querySelectorAll("[name=comments]")) box.checked = ticked.has(box.value);
  if (same && shown.querySelector(".newwhole[open]")) parts.content.querySelector(".newwhole").open = true;
  const at = shown.closest(".drawer")?.scrollTop;
  const focus = focusRead(shown);
  shown.replaceWith(parts.content);
  focusRestore(focus);
  if (at && same) list().closest(".drawer").scrollTop = at;
  listReady();
  return true;
}

/** Which thread of the list has the focus, or what in it; null where none has. */
function focusRead(shown) {
  const active = document.activeElement;
  const thread = shown.contains(active) && active.closest(".thread[data-thread]");
  if (!thread) return null;
  const kind = kindOf(active);
  return { id: idOf(thread), kind, at: alike(thread, kind).indexOf(active) };
}

function focusRestore(focus) {
  const thread = focus && threadsOf(list()).find((one) => idOf(one) === focus.id);
  const same = thread && alike(thread, focus.kind)[focus.at];
  if (same) same.focus({ preventScroll: true });
  else threadFocus(thread);
}

/** In turn: of two at once the older answer could come first, and the newer one find its list gone. */
const listRenew = inTurn(() => listLoad());

/** Of a list that somebody waits for. */
const listShow = (address) => listLoad(address).catch((error) => errorShow(list(), `The comments could not be read. ${error.message}`));

/** Forms where one is, and what was written in them before. */
function listReady() {
  const shown = list();
  if (!shown) return;
  keptRestore(shown);
  formsWatch(shown);
  const written = keptThreads();
  formsPut([...shown.querySelectorAll(".thread[data-bare]")].filter((thread) => written.has(thread.dataset.thread)));
}

listReady();

function drawer() {
  const made = document.getElementById("comments-drawer");
  if (made) return made;
  const close = h("button.btn.bare.ico", { type: "button", "aria-label": "Close" }, icon("x"));
  const dialog = h("dialog.dialog.drawer", { id: "comments-drawer", "aria-labelledby": "comments-title" },
    h("div.dialog-head", null, h("h2.t15", { id: "comments-title" }, "Comments"), close),
    h("div.dialog-body", null, h("div.clist")));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.querySelector(".clist").replaceWith(h("div.clist")));
  document.body.append(dialog);
  return dialog;
}

document.addEventListener("click", (event) => {
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const link = plain && event.target.closest("a[href]");
  if (!link) return;
  if ("comments" in link.dataset && !link.closest("file-tree") && !document.getElementById("comment-list")) {
    event.preventDefault();
    drawer();
    dialogOpen("comments-drawer");
    listShow(link.href);
  } else if (link.closest(".clist-bar")) {
    event.preventDefault();
    const shown = list();
    const url = new URL(link.getAttribute("href"), new URL(shown.dataset.commentsAt, location.href));
    if (!shown.closest("dialog")) history.replaceState(history.state, "", url);
    listShow(url.pathname + url.search);
  } else if ("jump" in link.dataset && new URL(link.href).pathname === location.pathname) {
    link.closest("dialog")?.close();
  }
});

const topic = document.body.dataset.liveTopics;
if (topic) document.addEventListener(`live:${topic}`, () => listRenew().catch(followFailed));

// --- The tree ------------------------------------------------------------------------------------

let counts = {};

function treeMark() {
  for (const link of document.querySelectorAll("file-tree nav a")) {
    const count = counts[new URL(link.href).searchParams.get("path")];
    let said = link.querySelector(".vh.said");
    if (!count) {
      delete link.dataset.comments;
      said?.remove();
      continue;
    }
    link.dataset.comments = count;
    if (!said) link.append((said = h("span.vh.said")));
    said.textContent = `, ${count} comment${count === 1 ? "" : "s"}`;
  }
}

document.addEventListener("comment-counts", ({ detail }) => {
  counts = detail;
  treeMark();
});
document.addEventListener("compare:moved", treeMark);
