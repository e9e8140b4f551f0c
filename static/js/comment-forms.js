// The forms of threads come when they are wanted: when the thread is near the window, is opened or is gone to. A list of
// many threads is read far more often than it is answered. Without this the link in their place leads to them.
import { answerSoon } from "./patience.js";

const NEAR_PX = 600;
const PARTS = [".thread-foot", ".msg-acts", ".sugg-acts"];

const coming = new WeakSet(); // threads whose forms are on their way

const near = new IntersectionObserver((entries) => {
  formsPut(entries.filter(({ target, isIntersecting }) => isIntersecting && target.open).map(({ target }) => target));
}, { rootMargin: `${NEAR_PX}px` });

const isBare = (thread) => "bare" in thread.dataset;
const threadsIn = (root) => [...root.querySelectorAll(".thread[data-thread]")];

/** Looks after the threads in here that have no forms yet, as they are now: one that was closed may be open. */
export function formsWatch(root) {
  for (const thread of threadsIn(root).filter(isBare)) {
    near.unobserve(thread);
    near.observe(thread);
  }
}

/** The ids of the threads in here that have their forms, for who asks for them anew. */
export const formsShown = (root) => threadsIn(root).filter((thread) => !isBare(thread)).map((thread) => thread.dataset.thread);

/** Fetches the forms of these threads, all at once; a thread gets its own whatever became of it meanwhile. */
export async function formsPut(threads) {
  const wanted = threads.filter((thread) => isBare(thread) && !coming.has(thread));
  if (!wanted.length) return;
  const { forms } = wanted[0].querySelector("[data-forms]").dataset;
  const query = new URLSearchParams({ ids: wanted.map((thread) => thread.dataset.thread).join(), next: wanted[0].closest(".clist")?.dataset.commentsAt ?? "" });
  for (const thread of wanted) coming.add(thread);
  try {
    const answer = await answerSoon(`${forms}?${query}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return; // the link still leads to them
    const parts = document.createElement("template");
    parts.innerHTML = answer.text;
    for (const thread of wanted) fill(thread, parts.content.querySelector(`[data-thread="${thread.dataset.thread}"]`));
  } catch {
    return; // no server: the link says so when it is followed
  } finally {
    for (const thread of wanted) coming.delete(thread);
  }
}

function fill(thread, fresh) {
  if (!fresh || !isBare(thread)) return;
  const isAt = thread.contains(document.activeElement) && document.activeElement.matches("[data-forms]");
  for (const part of thread.querySelectorAll(PARTS.join())) {
    const message = part.closest(".msg");
    const within = message ? fresh.querySelector(`#${message.id}`) : fresh;
    const theirs = within?.querySelector(PARTS.find((name) => part.matches(name)));
    if (theirs) part.replaceChildren(...theirs.childNodes);
  }
  near.unobserve(thread);
  delete thread.dataset.bare;
  thread.dispatchEvent(new CustomEvent("forms-put", { bubbles: true }));
  if (isAt) thread.querySelector(".reply textarea").focus();
}

const bareOf = (event) => event.target.closest?.(".thread[data-bare]");

document.addEventListener("focusin", (event) => {
  const thread = bareOf(event);
  if (thread?.open) formsPut([thread]);
});

document.addEventListener("click", (event) => {
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!plain || !event.target.closest("[data-forms]")) return;
  event.preventDefault();
  formsPut([bareOf(event)]);
});

// Not by `toggle`: a thread that comes open tells that too, however far away it is.
document.addEventListener("click", (event) => {
  const thread = event.target.closest(".thread-head") && bareOf(event);
  if (thread && !thread.open) formsPut([thread]);
});
