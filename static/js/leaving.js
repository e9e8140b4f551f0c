// While the next page is on its way this one still hears keys. They are meant for that one: `3 A`, for all of C, took
// all of the side before.
import { keySay } from "./key-says.js";
import { isTyping } from "./typing.js";

const STAYS_MS = 15_000; // what was asked for may turn out to be no page, but a file to keep

let leaves = 0; // a timer

function leave() {
  clearTimeout(leaves);
  leaves = setTimeout(stay, STAYS_MS);
}

function stay() {
  clearTimeout(leaves);
  leaves = 0;
}

/** Does this link lead to another page, in this window? */
function leads(link) {
  const to = new URL(link.href, location.href);
  return !link.target && !link.hasAttribute("download") && to.href.split("#")[0] !== location.href.split("#")[0];
}

// What leaves by itself is told by the browser; what a key has pressed, only after the next key may have come.
addEventListener("beforeunload", leave);
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const plain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (link && plain && !event.defaultPrevented && leads(link)) leave();
});
addEventListener("pageshow", stay);

addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Escape") stay();
    if (!leaves || event.key.length > 1 || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keySay("The next page is on its way: press it there.");
  },
  { capture: true },
);
