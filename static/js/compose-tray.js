// The tray at the bottom of the page: what was picked so far, kept and checked by the server. What stands here
// only says what to put in and take out.

import { ajaxSoon } from "./patience.js";

export const tray = () => document.getElementById("tray");
export const file = () => document.getElementById("file");
export const sides = () => new URL(file().dataset.here, location.href).searchParams;
export const shut = () => tray()?.dataset.shut ?? ""; // why nothing can be taken; empty where it can
export const seen = () => tray()?.dataset.seen ?? ""; // stands for what is picked
export const isLetter = (side) => /^[A-Z]$/.test(side ?? "");

let waiting = 0; // requests that are not answered yet
let last = Promise.resolve(); // of what is asked of the tray, one after the other: each answer replaces it
let known = { of: null, picks: [], ids: new Map() }; // what the tray on the page says

const hunkName = (hunk) => JSON.stringify(typeof hunk === "string" ? hunk : [hunk.key, hunk.base_start, hunk.base_lines]);
const linesName = (lines) => [lines.left ?? [], lines.right ?? []];
const name = ({ variant, against = null, path = null, hunks = null, lines = null }) =>
  JSON.stringify([variant, against, path, hunks && hunks.map(hunkName).sort(), lines && linesName(lines)]);

function read() {
  if (known.of !== tray()) {
    const picks = JSON.parse(tray()?.dataset.picks || "[]");
    known = { of: tray(), picks, ids: new Map(picks.map(({ id, pick }) => [name(pick), id])) };
  }
  return known;
}

export const picked = () => read().picks;
export const isWhole = (pick) => !pick.hunks && !pick.lines; // a file or a variant
export const idsOf = (picks) => picks.map((pick) => read().ids.get(name(pick))).filter(Boolean);
export const isIn = (picks) => picks.length > 0 && idsOf(picks).length === picks.length;

/** `valuesOf` is asked when it is this one's turn; without it the tray is only looked at again. */
export function send(valuesOf) {
  const ask = () => {
    // Of its own source: among the requests of the body it would be put off or dropped for another.
    const how = { source: "#tray", target: "#tray", swap: "outerHTML", values: valuesOf?.() ?? {} };
    return ajaxSoon(valuesOf ? "POST" : "GET", tray().dataset.url, how);
  };
  waiting += 1;
  last = last
    .then(ask)
    .catch((error) => error && reportError(error)) // a request that failed has been told by its own event
    .finally(() => (waiting -= 1));
  return last;
}

/** Is all that was asked answered, so that what is in the tray is what was picked? */
export const isAnswered = () => waiting === 0;

/** All that was asked of the tray so far is answered. */
export const settled = () => last;

/** Makes the tray what it was before its last change, or (`redo`) makes that change again. False if there is none. */
function step(name) {
  if (!tray() || !(tray().dataset[name] || waiting)) return false;
  send(() => (tray().dataset[name] ? { [name]: tray().dataset[name] } : {}));
  return true;
}

export const undo = () => step("undo");
export const redo = () => step("redo");

/** `told` says what to put in and take out of the tray as it is by then. */
export function change(told) {
  return send(() => {
    const { add = [], remove = [] } = told();
    return { add: add.map((pick) => JSON.stringify(pick)), remove };
  });
}
