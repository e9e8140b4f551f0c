// What a suggestion begins with: the lines as the file has them. The diff may show fewer (folds), and other characters
// (marks of what is invisible).
import { h } from "./dom.js";
import { errorShow } from "./form-error.js";
import { answerSoon } from "./patience.js";

const begun = new WeakMap(); // form -> { start, end, text } that its field was filled with
const coming = new WeakMap(); // form -> the range whose lines are on their way

const linesSay = ({ start, end }) => (start === end ? `line ${start}` : `lines ${start}–${end}`);

/** Where the lines are that a form is about: { commit, path, start, end }. A reply is about those of its thread. */
function sourceOf(form) {
  const { commit, path, start, end } = form.elements;
  if (!commit) return { ...form.dataset, start: Number(form.dataset.start), end: Number(form.dataset.end) };
  return { commit: commit.value, path: path.value, start: Number(start.value), end: Number(end.value) };
}

async function suggestionToggle(form) {
  openSet(form, form.querySelector(".newform-sugg").hidden);
  await suggestionFill(form);
  form.dispatchEvent(new CustomEvent("kept-change", { bubbles: true }));
  const field = form.elements.suggestion;
  if (field.disabled) return;
  field.focus({ preventScroll: true });
  form.scrollIntoView({ block: "nearest" });
}

function openSet(form, is) {
  form.querySelector(".newform-sugg").hidden = !is;
  form.elements.suggestion.disabled = !is;
  form.querySelector("[data-suggest]").setAttribute("aria-expanded", String(is));
}

/** Is there anything in a form that its author would miss? */
export function formIsWritten(form) {
  const { body, suggestion } = form.elements;
  return Boolean(body.value) || (!suggestion.disabled && suggestion.value !== (begun.get(form)?.text ?? ""));
}

/** An open suggestion and the lines it began with; null if there is none. */
export function suggestionSay(form) {
  const { disabled, value } = form.elements.suggestion;
  const { start, end } = begun.get(form) ?? {};
  return disabled ? null : { text: value, start, end };
}

export function suggestionRestore(form, { text, start, end }) {
  openSet(form, true);
  form.elements.suggestion.value = text;
  begun.set(form, { start, end, text: null });
}

/** The field of an open suggestion gets the lines that the form is on, unless something was written there. */
export async function suggestionFill(form) {
  const box = form.querySelector(".newform-sugg");
  const field = form.elements.suggestion;
  const at = sourceOf(form);
  coming.delete(form);
  box.querySelector(".newform-other")?.remove();
  if (box.hidden) return;
  const was = begun.get(form);
  const isHere = was?.start === at.start && was?.end === at.end;
  if (was && field.value !== was.text && !isHere) box.append(otherLines(form, was, at));
  else if (!isHere) await fieldFill(form, at);
}

async function fieldFill(form, at) {
  const field = form.elements.suggestion;
  coming.set(form, at);
  field.readOnly = true;
  errorShow(form, "");
  try {
    const text = await linesRead(form.dataset.raw, at);
    if (coming.get(form) !== at) return;
    field.value = text;
    begun.set(form, { start: at.start, end: at.end, text: field.value });
  } catch (error) {
    if (coming.get(form) !== at) return;
    openSet(form, false);
    errorShow(form, error.message);
  }
  coming.delete(form);
  field.readOnly = false;
}

function otherLines(form, was, at) {
  const anew = h("button.btn.sm", { type: "button" }, `Begin anew with ${linesSay(at)}`);
  anew.addEventListener("click", () => {
    begun.delete(form);
    suggestionFill(form);
  });
  return h("p.row.wrap.label.newform-other", { role: "status" }, `Begun in place of ${linesSay(was)}, and would now replace ${linesSay(at)}.`, anew);
}

async function linesRead(raw, { commit, path, start, end }) {
  const answer = await answerSoon(`${raw}?${new URLSearchParams({ at: commit, path })}`);
  if (!answer.ok) throw new Error(`The lines could not be read: the server answered ${answer.status}.`);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(answer.bytes);
  } catch {
    throw new Error("Changes can be suggested in UTF-8 files only.");
  }
  const lines = text.split("\n").slice(start - 1, end).map((line) => line.replace(/\r$/, ""));
  if (lines.some((line) => line.includes("\r"))) throw new Error("These lines hold carriage returns, which a text field cannot keep.");
  return lines.at(-1) === "" ? `${lines.join("\n")}\n` : lines.join("\n");
}

document.addEventListener("click", (event) => {
  const form = event.target.closest("[data-suggest]")?.closest("form");
  if (form) suggestionToggle(form);
});

/** Sent: a reply box stays, and is empty. */
document.addEventListener("comment-posted", ({ target: form }) => {
  if (!form.querySelector("[data-suggest]")) return;
  openSet(form, false);
  begun.delete(form);
});

/** Not yet: its suggestion would be that of other lines. */
document.addEventListener(
  "submit",
  (event) => {
    if (!coming.has(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  { capture: true },
);
