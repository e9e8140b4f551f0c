// Columns while agents work: they follow the newest snapshots. What the reader looks at, has chosen or opened stays
// where it is; nothing is replaced while something in the file is being typed or is selected.
import "./live.js";
import { firstSeen } from "./comment-places.js";
import { linesName, linesRead } from "./column-lines.js";
import { CHANGED, inTurn, isInUse, noteShow, useEnds } from "./live-file.js";
import { answerSoon } from "./patience.js";
import { released } from "./press.js";
import { treeReplace } from "./tree-fresh.js";
import { barSet } from "./wrap.js";

const hero = document.querySelector(".hero[data-version]");
const file = () => document.getElementById("file");
const view = () => file().querySelector("diff-columns");
let pending = null; // the newest state of the file, where showing it has to wait

const look = inTurn(update);

async function update() {
  const url = new URL(location.href);
  url.searchParams.set("seen", hero.dataset.version);
  url.searchParams.set("kept", file().dataset.columns); // nobody's column comes or goes by itself
  let answer;
  try {
    answer = await answerSoon(url);
  } catch {
    return; // no server: the next change asks again
  }
  if (answer.status === 404) noteShow(file(), "This file is not there any more: what is shown is how it was.");
  if (answer.status !== 200 || answer.redirected) return;
  const page = new DOMParser().parseFromString(answer.text, "text/html");
  await released(document);
  const mine = page.querySelector(".hero[data-version]");
  hero.querySelector("h1").replaceChildren(...mine.querySelector("h1").childNodes);
  hero.dataset.version = mine.dataset.version;
  choiceReplace(page);
  treeReplace(page, JSON.parse(mine.dataset.moved));
  await fileReplace(page.getElementById("file"));
  document.dispatchEvent(new CustomEvent("compare:moved"));
}

function choiceReplace(page) {
  const mine = document.getElementById("column-choice");
  const at = mine.contains(document.activeElement) && document.activeElement.dataset.toggle;
  mine.replaceChildren(...page.getElementById("column-choice").childNodes);
  if (at) mine.querySelector(`[data-toggle="${at}"]`)?.focus();
}

async function fileReplace(fresh) {
  pending = null;
  if (fresh.dataset.digest === file().dataset.digest) return;
  if (isInUse(file())) {
    pending = fresh;
    noteShow(file(), CHANGED);
    return;
  }
  const old = view();
  const kept = old && placeRead(old);
  const focus = focusRead();
  const moved = document.querySelector(".hbar")?.scrollLeft;
  fresh.querySelector("diff-columns")?.toggleAttribute("data-stays", true);
  file().replaceWith(document.adoptNode(fresh));
  barSet();
  if (moved) document.querySelector(".hbar")?.scrollTo(moved, 0);
  if (kept && view()) await placeRestore(kept);
  focusRestore(focus);
}

// --- Where one is --------------------------------------------------------------------------------

const textOf = (cell) => [...cell.childNodes].filter((part) => !part.matches?.(".who, .addline")).map((part) => part.textContent).join("");
const lineRead = (cell) => cell && { ...linesRead(cell.id), text: textOf(cell) };

function placeRead(shown) {
  const top = shown.querySelector(".chead").getBoundingClientRect().bottom;
  let cell = firstSeen(shown);
  while (cell && !cell.dataset.n) cell = cell.nextElementSibling ?? cell.closest(".crows").nextElementSibling?.firstElementChild;
  const { chosen } = shown;
  return {
    left: shown.scrollLeft,
    top: shown.scrollTop,
    isWhole: !shown.querySelector(".fold"),
    seen: lineRead(cell),
    offset: cell && cell.getBoundingClientRect().top - top,
    now: lineRead(shown.querySelector("[data-now][data-n]")),
    chosen: chosen && { ...chosen, cell: lineRead(document.getElementById(`${chosen.side}-${chosen.start}`)) },
    anchor: shown.anchor,
  };
}

async function placeRestore({ left, top, isWhole, seen, offset, now, chosen, anchor }) {
  const shown = view();
  if (isWhole) await Promise.all([...shown.querySelectorAll(".fold")].map((fold) => shown.unfold(fold, "all")));
  shown.scrollTo(left, top);
  const range = chosen?.cell && (await lineFind(chosen.cell));
  if (range) {
    const by = linesRead(range.id).start - chosen.start;
    const lines = { side: chosen.side, start: chosen.start + by, end: chosen.end + by };
    shown.mark(lines);
    shown.anchor = anchor && { side: anchor.side, start: anchor.start + by };
    history.replaceState(history.state, "", `#${linesName(lines)}`);
  }
  (now && (await lineFind(now)))?.setAttribute("data-now", "");
  const cell = seen && (await lineFind(seen));
  const back = () => cell && shown.scrollBy(0, cell.getBoundingClientRect().top - shown.querySelector(".chead").getBoundingClientRect().bottom - offset);
  back();
  requestAnimationFrame(back); // sections out of sight had an estimated height
}

/** The line with that text that is nearest to where it was; opens the fold that hides it. */
async function lineFind({ side, start, text }) {
  const find = () => {
    let best = null;
    for (const cell of view().querySelectorAll(".crows > [data-n]")) {
      const away = Math.abs(Number(cell.dataset.n) - start);
      if (linesRead(cell.id).side === side && textOf(cell) === text && (!best || away < best.away)) best = { cell, away };
    }
    return best;
  };
  const found = find();
  if (found && (found.away === 0 || text.trim())) return found.cell;
  await view().line(side, start);
  return find()?.cell ?? null;
}

const BUTTONS = ":is(.filebar, .chead) :is(a, button)";

function focusRead() {
  const at = document.activeElement;
  if (!file().contains(at)) return null;
  const buttons = [...file().querySelectorAll(BUTTONS)];
  return { line: at.matches(".crows > [data-n]") ? lineRead(at) : null, isView: at === view(), button: buttons.indexOf(at) };
}

async function focusRestore(focus) {
  if (!focus) return;
  const cell = focus.line && view() && (await lineFind(focus.line));
  if (cell) view().focusTo(cell);
  else if (focus.button >= 0 && !focus.line) file().querySelectorAll(BUTTONS)[focus.button]?.focus({ preventScroll: true });
  else (view() ?? file()).focus({ preventScroll: true });
}

useEnds(() => pending && fileReplace(pending));

const topic = document.body.dataset.liveTopics;
if (hero && topic) document.addEventListener(`live:${topic}`, look);
