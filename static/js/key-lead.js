// Keys that ask for a second one, however long that takes: `.` and a letter is the variant with that letter (digits reach
// the first nine only), `g` and a letter another page.
import { keySay } from "./key-says.js";
import { isTyping } from "./typing.js";

const PAGES = { h: "/", t: "/tasks", p: "/projects", a: "/agents" };
const TASK_PAGES = { o: "", b: "/board", w: "/consensus" };

const takes = []; // { take, isHere }: who knows what to do with a variant's number
let asked = ""; // the key that asks

/** Is the next key the answer to such a question? */
export const isAnswer = () => asked !== "";

/** `take(number, event)`, 1 being A, false if there is none; asked where `isHere()`. */
export function variantsTake(take, isHere = () => true) {
  takes.push({ take, isHere });
}

const here = () => takes.filter(({ isHere }) => isHere());

function variantGo(event) {
  const letter = event.key.toUpperCase();
  if (!/^[A-Z]$/.test(letter)) return false;
  if (here().every(({ take }) => take(letter.charCodeAt(0) - 64, event) === false)) keySay(`There is no variant ${letter} here.`);
  return true;
}

/** The address of the task that the page is about; "" if it is about none. */
const task = () => /^\/tasks\/\d+/.exec(location.pathname)?.[0] ?? "";

function pageGo({ key }) {
  if (Object.hasOwn(PAGES, key)) location.assign(PAGES[key]);
  else if (task() && Object.hasOwn(TASK_PAGES, key)) location.assign(task() + TASK_PAGES[key]);
  else return false;
  return true;
}

function pageAsk() {
  const more = task() ? "; of this task o: overview, b: board, w: where variants differ" : "";
  return `Where to? h: home, t: tasks, p: projects, a: agents${more}.`;
}

const LEADS = {
  ".": { question: () => "Which variant? Press its letter.", isHere: () => here().length > 0, go: variantGo },
  g: { question: pageAsk, isHere: () => true, go: pageGo },
};

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Shift" || !event.isTrusted) return; // or pressed by a module, for what it does here
    const before = LEADS[asked];
    asked = "";
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (!before?.go(event) && !(before && event.key === "Escape")) {
      if (!Object.hasOwn(LEADS, event.key) || !LEADS[event.key].isHere()) return;
      asked = event.key;
      keySay(LEADS[asked].question(), { stays: true });
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  { capture: true },
);

document.addEventListener("pointerdown", () => (asked = ""), { capture: true });
