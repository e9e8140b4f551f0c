// What is being written in a form with a name (data-keep) outlasts its page, a reload and the tab, until it is sent or
// taken back. It is kept in this browser, by who is signed in: nobody else gets to see it.
import { formIsWritten, suggestionRestore, suggestionSay } from "./comment-suggest.js";
import { storeOf } from "./store.js";

const KEPT_MS = 30 * 24 * 3600 * 1000;
const PREFIX = `kept ${document.body.dataset.user} `;

const store = storeOf("localStorage");
const mine = new Map(); // what was written in this page: another one may write in the same form, or send it
const read = (name) => mine.get(name) ?? store.read(PREFIX + name);

function write(name, said) {
  mine.set(name, said);
  store.write(PREFIX + name, said);
}

function drop(name) {
  mine.delete(name);
  store.drop(PREFIX + name);
}

function names() {
  const kept = store.names().filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
  return [...new Set([...kept, ...mine.keys()])];
}

const TEXTS = "textarea, input:not([type=hidden])";
const fieldsOf = (form) => [...form.elements].filter((field) => field.matches(`${TEXTS}, select`) && field.name && !field.closest(".newform-sugg"));
const hasBox = (form) => Boolean(form.querySelector(".newform-sugg"));
const isOwn = (field) => field.matches(TEXTS) && field.value !== field.defaultValue;
const isWritten = (form) => fieldsOf(form).some(isOwn) || (hasBox(form) && formIsWritten(form));

/** What a box for suggestions says; null where there is none, or none is open. */
const suggestionOf = (form) => (hasBox(form) ? suggestionSay(form) : null);

function keep(form) {
  if (!isWritten(form)) return drop(form.dataset.keep);
  // A text that nobody wrote may be another one by then.
  const kept = fieldsOf(form).filter((field) => isOwn(field) || !field.matches(TEXTS));
  const fields = Object.fromEntries(kept.map((field) => [field.name, field.value]));
  write(form.dataset.keep, { fields, once: form.elements.once?.value, suggestion: suggestionOf(form), at: Date.now() });
}

/** Puts what was kept into the forms in here that nobody has written in. */
export function keptRestore(root) {
  for (const form of root.querySelectorAll("form[data-keep]")) {
    const said = read(form.dataset.keep);
    if (!said || isWritten(form)) continue;
    for (const field of fieldsOf(form)) if (field.name in said.fields) field.value = said.fields[field.name];
    if (said.once) form.elements.once.value = said.once;
    if (said.suggestion) suggestionRestore(form, said.suggestion);
    form.closest("details.msg-edit, details.newwhole")?.setAttribute("open", "");
  }
}

/** The ids of the threads in which something is written. */
export const keptThreads = () => new Set(names().map((name) => /^thread (\d+) /.exec(name)?.[1]).filter(Boolean));

const formOf = (event) => event.target.closest?.("form[data-keep]");

for (const type of ["input", "change"]) document.addEventListener(type, (event) => formOf(event) && keep(formOf(event)));
document.addEventListener("kept-change", (event) => formOf(event) && keep(formOf(event)));

/** Taken back: the form is as it came. */
document.addEventListener("reset", (event) => {
  const form = formOf(event);
  if (!form) return;
  drop(form.dataset.keep);
  form.closest("details.msg-edit")?.removeAttribute("open");
});

document.addEventListener("comment-posted", (event) => formOf(event) && drop(formOf(event).dataset.keep));

/** Sent, and replaced meanwhile: what it said is not to be sent again from the form in its place. */
export function keptSent(form) {
  const { keep: name } = form.dataset;
  if (!name) return;
  drop(name);
  for (const twin of document.querySelectorAll(`form[data-keep="${CSS.escape(name)}"]`)) {
    if (twin.elements.body?.value === form.elements.body?.value) twin.reset();
    else {
      if (twin.elements.once) twin.elements.once.value = ""; // another one by now
      keep(twin);
    }
  }
}

/** Sent to another page: it is dropped there, unless it was refused and that is the page of the form. */
export function keptSend(form) {
  const said = read(form.dataset.keep);
  if (said) write(form.dataset.keep, { ...said, sent: true });
}

document.addEventListener("submit", (event) => {
  const form = formOf(event);
  if (form && !("commentForm" in form.dataset) && !event.defaultPrevented) keptSend(form);
});

for (const name of names()) {
  const said = read(name);
  const isRefused = said?.sent && document.querySelector(`form[data-keep="${CSS.escape(name)}"]`);
  if (isRefused) write(name, { ...said, sent: false });
  else if (!said || said.sent || Date.now() - said.at > KEPT_MS) drop(name);
}
keptRestore(document);
document.addEventListener("forms-put", ({ target }) => keptRestore(target));
document.addEventListener("htmx:afterSettle", ({ detail }) => keptRestore(detail.elt));
