// What pages share that show a file and follow it while agents write.
import { h } from "./dom.js";
import { released } from "./press.js";

/** One look at a time: a call that comes while one looks is made up for afterwards, once for all of them. Each call gives
 * the promise of a look that began after it. */
export function inTurn(look) {
  let now = Promise.resolve();
  let next = null;
  const begin = () => {
    next = null;
    return (now = look());
  };
  return () => (next ??= now.then(begin, begin));
}

/** Is something typed or selected in there, which would be lost if it were replaced? */
export function isInUse(file) {
  const fields = [...file.querySelectorAll("textarea, input[type=text]")];
  const isTyped = fields.some((field) => field.value !== field.defaultValue || field === document.activeElement);
  return isTyped || (!getSelection().isCollapsed && file.contains(getSelection().anchorNode));
}

/** Calls `tell` whenever that may have ended. */
export function useEnds(tell) {
  for (const name of ["selectionchange", "focusout", "submit", "comment-posted", "htmx:afterRequest"]) {
    document.addEventListener(name, () => setTimeout(() => released(document).then(tell)));
  }
}

export const CHANGED = "This file has changed: the new state is shown once you are done here.";

/** Says above the file in what it is not what it is by now; "" takes that back. */
export function noteShow(file, text) {
  const note = file.querySelector(".moved");
  if ((note?.textContent ?? "") === text) return;
  note?.remove();
  if (text) file.querySelector(".filebar").after(h("p.moved", { role: "status" }, text));
}
