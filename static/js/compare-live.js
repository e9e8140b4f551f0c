// The compare page while agents work: it follows the newest snapshots. What the reader looks at stays where it
// is; nothing is replaced while something is being typed or is selected in the file; what changed is marked.
import { anchorFind, anchorRestore } from "./anchor.js";
import { h } from "./dom.js";
import { changeCell, changeNow } from "./reading.js";
import { fileComes, fileLoad } from "./file-load.js";

const TOP_PX = 92; // what sticks to the top of the window, with the heads of the sides
const hero = document.querySelector(".hero[data-left]");
const file = () => document.getElementById("file");
let busy = false, again = false;

async function fetched(path, extra) {
  const url = new URL(path, location.href);
  url.search = location.search;
  for (const [name, value] of Object.entries(extra)) url.searchParams.set(name, value);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer;
}

/** One look at a time; a change that comes meanwhile is looked at afterwards. */
async function look() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    do {
      again = false;
      await update();
    } while (again);
  } finally {
    busy = false;
  }
}

async function update() {
  const seen = { seen_left: hero.dataset.left, seen_right: hero.dataset.right };
  const now = await (await fetched(`${location.pathname}/now`, seen)).json();
  if (now.left === hero.dataset.left && now.right === hero.dataset.right) return;
  const here = file() && new URL(file().dataset.here, location.href).searchParams.get("path");
  const page = new DOMParser().parseFromString(await (await fetched(location.pathname, here ? { path: here } : {})).text(), "text/html");
  if (Boolean(page.querySelector("file-tree")) !== Boolean(document.querySelector("file-tree"))) {
    location.reload(); // from nothing to see to something, or back: there is no place to keep
    return;
  }
  const mine = page.querySelector(".hero[data-left]");
  if (mine.dataset.left !== now.left || mine.dataset.right !== now.right) again = true; // moved on meanwhile
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

function treeReplace(page, paths) {
  const tree = document.querySelector("file-tree");
  const fresh = page.querySelector("file-tree");
  if (!tree) return;
  const before = new Set(tree.links.filter((link) => link.classList.contains("fresh")).map((link) => pathOf(link)));
  tree.querySelector(".hd .row").replaceWith(fresh.querySelector(".hd .row"));
  tree.querySelector("nav").replaceChildren(...fresh.querySelector("nav").childNodes);
  for (const link of tree.links) {
    const isFresh = paths.includes(pathOf(link)) || before.has(pathOf(link));
    link.classList.toggle("fresh", isFresh);
    if (isFresh) link.append(h("span.vh", null, ", changed just now"));
  }
  tree.filter();
}

const pathOf = (link) => new URL(link.href).searchParams.get("path");

function sidesReplace(page) {
  const mine = file()?.querySelector(".sides");
  const fresh = page.querySelector("#file .sides");
  if (mine && fresh) mine.replaceWith(fresh);
}

// --- The file in view ----------------------------------------------------------------------------

const isTyped = () => [...file().querySelectorAll("textarea, input[type=text]")].some((field) => field.value !== field.defaultValue || field === document.activeElement);
const isSelected = () => !getSelection().isCollapsed && file().contains(getSelection().anchorNode);

let pending = false; // the file has changed, and is replaced once nothing in it would be lost

async function fileReplace() {
  const isUsed = isTyped() || isSelected();
  pending = isUsed || fileComes(); // one that the reader asked for may have been made before the change
  noteShow(isUsed);
  if (pending) return;
  const anchor = anchorFind(file(), TOP_PX);
  const at = changeNow()?.key;
  const isWhole = file().querySelector("diff-view") && !file().querySelector(".fold");
  const [left, top] = [scrollX, scrollY];
  const read = new Promise((resolve) => document.addEventListener("reading", resolve, { once: true }));
  if (!(await fileLoad(file().dataset.here, { show: "none" }))) return;
  scrollTo(left, top);
  const restore = () => anchorRestore(file(), anchor, TOP_PX, (away) => window.scrollBy(0, away));
  if (isWhole) await file().querySelector("diff-view")?.unfoldAll();
  await restore();
  await read; // bars push lines down
  await restore();
  if (at) stand(changeCell(at));
}

/** The reader is at the same change as before, if there still is one. */
function stand(cell) {
  if (!cell || ![document.body, file()].includes(document.activeElement)) return; // where a swap leaves the focus
  cell.setAttribute("data-now", "");
  cell.tabIndex = -1;
  cell.focus({ preventScroll: true });
}

function noteShow(is) {
  const note = file().querySelector(".moved");
  if (!is) note?.remove();
  else if (!note) file().querySelector(".filebar").after(h("p.moved", { role: "status" }, "This file has changed: the new state is shown once you are done here."));
}

for (const name of ["selectionchange", "focusout", "submit", "htmx:afterRequest"]) {
  document.addEventListener(name, () => pending && setTimeout(() => pending && fileReplace()));
}

const topic = document.body.dataset.liveTopics;
if (hero && topic) document.addEventListener(`live:${topic}`, look);
document.addEventListener("click", ({ target }) => target.closest("file-tree a.fresh")?.classList.remove("fresh"));
