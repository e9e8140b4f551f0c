// The compare page while agents work: it follows the newest snapshots. What the reader looks at stays where it
// is; nothing is replaced while something is being typed or is selected in the file; what changed is marked.
import { anchorCell, anchorFind, anchorOf, anchorRestore } from "./anchor.js";
import { lineOf } from "./diff-rows.js";
import { followFailed } from "./failures.js";
import { fileComes, fileLoad } from "./file-load.js";
import { CHANGED, inTurn, isInUse, noteShow, useEnds } from "./live-file.js";
import { answerSoon } from "./patience.js";
import { released } from "./press.js";
import { changeCell, changeNow } from "./reading.js";
import { treeReplace } from "./tree-fresh.js";

const TOP_PX = 92; // what sticks to the top of the window, with the heads of the sides
const hero = document.querySelector(".hero[data-left]");
const file = () => document.getElementById("file");

async function fetched(path, extra) {
  const url = new URL(path, location.href);
  url.search = location.search;
  for (const [name, value] of Object.entries(extra)) url.searchParams.set(name, value);
  const answer = await answerSoon(url);
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer;
}

const look = inTurn(() => update().catch(followFailed));

async function update() {
  const seen = { seen_left: hero.dataset.left, seen_right: hero.dataset.right };
  const now = (await fetched(`${location.pathname}/now`, seen)).json;
  if (now.left === hero.dataset.left && now.right === hero.dataset.right) return;
  const here = file() && new URL(file().dataset.here, location.href).searchParams.get("path");
  const page = new DOMParser().parseFromString((await fetched(location.pathname, here ? { path: here } : {})).text, "text/html");
  await released(document);
  if (Boolean(page.querySelector("file-tree")) !== Boolean(document.querySelector("file-tree"))) {
    location.reload(); // from nothing to see to something, or back: there is no place to keep
    return;
  }
  const mine = page.querySelector(".hero[data-left]");
  if (mine.dataset.left !== now.left || mine.dataset.right !== now.right) look(); // moved on meanwhile
  headReplace(mine);
  treeReplace(page, now.paths);
  if (here && now.paths.includes(here)) await fileReplace();
  else sidesReplace(page);
  document.dispatchEvent(new CustomEvent("compare:moved"));
}

function headReplace(mine) {
  hero.dataset.left = mine.dataset.left;
  hero.dataset.right = mine.dataset.right;
  for (const part of ["h1", ".stands"]) hero.querySelector(part).replaceChildren(...mine.querySelector(part).childNodes);
}

function sidesReplace(page) {
  const mine = file()?.querySelector(".sides");
  const fresh = page.querySelector("#file .sides");
  if (mine && fresh) mine.replaceWith(fresh);
}

// --- The file in view ----------------------------------------------------------------------------

let pending = false; // the file has changed, and is replaced once nothing in it would be lost

async function fileReplace() {
  const isUsed = isInUse(file());
  pending = isUsed || fileComes(); // one that the reader asked for may have been made before the change
  noteShow(file(), isUsed ? CHANGED : "");
  if (pending) return;
  const kept = placeOf(view());
  const isWhole = view() && !file().querySelector(".fold");
  const [left, top] = [scrollX, scrollY];
  const read = new Promise((resolve) => document.addEventListener("reading", resolve, { once: true }));
  if (!(await fileLoad(file().dataset.here, { show: "none" }))) return;
  scrollTo(left, top);
  const restore = () => anchorRestore(file(), kept.anchor, TOP_PX, (away) => window.scrollBy(0, away));
  if (isWhole) await view()?.unfoldAll();
  await restore();
  const caret = await caretRestore(kept);
  await read; // bars push lines down
  await restore();
  changeRestore(kept, caret);
}

const view = () => file().querySelector("diff-view");

/** Where the reader is: at which line and change, which lines are chosen, and what is to stay where it is in the window. */
function placeOf(shown) {
  const now = shown?.querySelector("[data-now]");
  const mine = shown?.caret ?? (now && lineOf(now));
  const { top, bottom } = mine?.getBoundingClientRect() ?? {};
  const isSeen = mine && bottom > TOP_PX && top < innerHeight;
  return {
    at: changeNow()?.key,
    line: mine && anchorOf(file(), mine),
    chosen: shown?.chosen,
    anchor: isSeen ? { ...anchorOf(file(), mine), offset: top - TOP_PX } : anchorFind(file(), TOP_PX),
  };
}

const isFree = () => [document.body, file()].includes(document.activeElement); // where a swap leaves the focus

/** The caret is on the same line as before, else on the one that has its number now; the lines chosen with it move with it. */
async function caretRestore({ line, chosen }) {
  const cell = line && ((await anchorCell(file(), line)) ?? (await view()?.line(line.id)));
  if (!cell || !isFree()) return null;
  if (location.hash === `#${line.id}`) history.replaceState(history.state, "", `#${cell.id}`);
  const side = cell.id[0];
  if (chosen && chosen.side === side && side === line.id[0]) {
    const by = Number(cell.id.slice(1)) - Number(line.id.slice(1));
    view().choose({ side, start: chosen.start + by, end: chosen.end + by });
  }
  return view().cellFocus(cell);
}

/** The reader is at the same change as before, if there still is one and they have not gone on. */
function changeRestore({ at }, caret) {
  const cell = at && changeCell(at);
  if (!cell || view().caret !== caret) return;
  if (!caret && isFree()) view().cellFocus(cell);
  else view().stand(cell);
}

useEnds(() => pending && fileReplace());

const topic = document.body.dataset.liveTopics;
if (hero && topic) document.addEventListener(`live:${topic}`, look);
