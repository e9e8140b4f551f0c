// New comments that are being written outlast the page: one key or link may load another one. They are kept for this
// tab only, and come back where their file is shown. (What is written in other forms: kept.js.)
import { formsWritten } from "./comment-layer.js";
import { formRestore } from "./comment-pick.js";
import { suggestionSay } from "./comment-suggest.js";
import { storeOf } from "./store.js";

const NAME = `new comments of ${document.body.dataset.user}`;
const store = storeOf("sessionStorage");
const FIELDS = ["against", "commit", "body", "once"];

let waiting = []; // forms whose file is not shown: { key, at, fields, suggestion }

function keep() {
  const forms = formsWritten().map(({ row: { firstElementChild: form }, at, key }) => {
    const fields = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
    return { key, at, fields, suggestion: suggestionSay(form) };
  });
  store.write(NAME, [...waiting, ...forms]);
}

function take() {
  waiting = store.read(NAME) ?? [];
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
