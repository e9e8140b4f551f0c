// `.` and then a letter is the key of the variant with that letter: digits reach the first nine only.
import { keySay } from "./key-says.js";
import { isTyping } from "./typing.js";

const takes = []; // { take, isHere }: who knows what to do with a variant's number
let isAsked = false; // a letter is waited for

/** `take(number, event)`, 1 being A, false if there is none; asked where `isHere()`. */
export function variantsTake(take, isHere = () => true) {
  takes.push({ take, isHere });
}

const here = () => takes.filter(({ isHere }) => isHere());

function go(event) {
  const letter = event.key.toUpperCase();
  if (here().every(({ take }) => take(letter.charCodeAt(0) - 64, event) === false)) keySay(`There is no variant ${letter} here.`);
}

document.addEventListener(
  "keydown",
  (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing || event.key === "Shift") return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const wasAsked = isAsked;
    isAsked = !wasAsked && event.key === "." && here().length > 0;
    if (isAsked) keySay("Which variant? Press its letter.");
    else if (wasAsked && /^[a-z]$/i.test(event.key)) go(event);
    else if (!wasAsked || event.key !== "Escape") return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  { capture: true },
);
