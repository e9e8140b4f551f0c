// What is being written outlasts the page: one key or link may load another one. It is kept for this tab only, and
// comes back where its file is shown.
import { formsWritten, repliesWritten, replyTake } from "./comment-layer.js";
import { formRestore } from "./comment-pick.js";
import { suggestionSay } from "./comment-suggest.js";

const NAME = `comments of ${document.getElementById("comment-form")?.dataset.user}`;
const FIELDS = ["against", "commit", "body"];

let waiting = []; // forms whose file is not shown: { key, at, fields, suggestion }

function keep() {
  const forms = formsWritten().map(({ row: { firstElementChild: form }, at, key }) => {
    const fields = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
    return { key, at, fields, suggestion: suggestionSay(form) };
  });
  sessionStorage.setItem(NAME, JSON.stringify({ forms: [...waiting, ...forms], replies: repliesWritten() }));
}

function take() {
  const { forms, replies } = JSON.parse(sessionStorage.getItem(NAME)) ?? { forms: [], replies: [] };
  waiting = forms;
  for (const [thread, text] of replies) replyTake(thread, text);
  for (const layer of document.querySelectorAll("file-comments")) restore(layer);
}

function restore(layer) {
  waiting = waiting.filter((form) => {
    const at = layer.atFor(form.key, form.at);
    if (at) formRestore(layer, at, form);
    return !at;
  });
}

take();
document.addEventListener("comment-layer", ({ detail }) => restore(detail));
addEventListener("pagehide", keep);
addEventListener("pageshow", ({ persisted }) => persisted && take());
document.addEventListener("visibilitychange", () => document.hidden && keep());
