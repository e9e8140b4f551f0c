// What is laid over the diff in view for this person: how each change stands to the other variants, and
// what was viewed. The diff itself is shared and cached; this comes after it.
//
// Before each change stands a bar, `.hunkbar[data-change]`. Bars are filled as they come near the window;
// then `hunkbars` is dispatched with those that were, so that other modules add their buttons to
// `.hunkbar-acts`: detail = { root, changes: [{ n, bar, key, between, left: { letter, path, hunks }, right: { letter, path, hunks } }] }.
import { h, icon } from "./dom.js";
import { failureShow, followFailed, saidIn } from "./failures.js";
import { fileCame, fileComes } from "./file-load.js";
import { pageReady } from "./page-ready.js";
import { answerSoon } from "./patience.js";
import { isTyping } from "./typing.js";

const MARKS = { contradictory: "mark-contradictory", unique: "mark-unique", near: "mark-partly", shared: "mark-shared" };
const NEAR_PX = 600;
const WHO_MAX = 6; // letters of a side in a bar; all of them are in its title

const file = () => document.getElementById("file");
let shown = null; // what `load` has read for the file in view
let loading = null; // a promise of it
let underway = null; // the file that it is of, until that is known
let saved = 0; // how many marks were
let turn = Promise.resolve(null); // of what is marked; comes to the place that the next one from the same place is about
let newest = null; // the last key that marks, until it is done

function addressOf(part, at) {
  const url = new URL(at, location.href);
  return `${url.pathname}/${part}${url.search}`;
}

async function ask(part, body, at = file().dataset.here) {
  const headers = { "HX-Request": "true", "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] };
  const answer = await answerSoon(addressOf(part, at), body ? { method: "POST", body, headers } : { headers });
  if (!answer.ok) throw new Error(saidIn(answer.text) || `The server answered ${answer.status}. Load the page anew to see what changed.`);
  return answer.json;
}

const fail = (what, error) => failureShow(`${what} ${error.message}`);

// --- Bars ----------------------------------------------------------------------------------------

function who(letters, title) {
  const some = letters.length > WHO_MAX ? letters.slice(0, WHO_MAX - 1) : letters;
  const chips = some.map((letter) => h(`span.v.v-${letter.toLowerCase()}.ch.sm`, null, letter));
  if (some.length < letters.length) chips.push(h("span.label", null, `+${letters.length - some.length}`));
  return h("span.whos", { title, role: "img", "aria-label": title }, ...chips);
}

function names(letters, silent) {
  return letters.length ? letters.map((letter) => (silent.includes(letter) ? `${letter} (composed)` : letter)).join(", ") : "base";
}

/** For those who hear it: what the bar of a change shows. */
function changeSay({ n, kind, say, left, right, rest, silent }) {
  const whose = [
    kind && say,
    left.length ? `left side as in ${names(left, silent)}` : "",
    `right side as in ${names(right, silent)}`,
    rest.length ? `neither in ${names(rest, silent)}` : "",
  ];
  const what = shown.whole ? "The whole new file" : `Change ${n} of ${shown.changes.length}`;
  return [what, ...(say ? whose : [])].filter(Boolean).join(", ");
}

function barFill(bar, change) {
  const label = h("label.vm", null, h("input", { type: "checkbox" }), "Viewed");
  label.firstChild.checked = change.viewed;
  label.firstChild.addEventListener("change", (event) => viewedSet(event.target.checked, [change.key]));
  const says = change.say
    ? [
        MARKS[change.kind] ? icon(MARKS[change.kind]) : null,
        h("b.cut", { title: change.say }, change.say),
        change.left.length ? who(change.left, `Left side: as in ${names(change.left, change.silent)}`) : null,
        change.left.length ? h("span.arrow", { "aria-hidden": "true" }, "→") : null,
        who(change.right, `Right side: as in ${names(change.right, change.silent)}`),
        change.rest.length ? h("span.label", null, "otherwise") : null,
        change.rest.length ? who(change.rest, `Neither: ${names(change.rest, change.silent)}`) : null,
      ]
    : [shown.whole ? null : h("span.label", null, `Change ${change.n}`)];
  if (shown.whole) says.unshift(h("span.label", null, "The whole new file"));
  bar.replaceChildren(h("span.hunkbar-says", null, ...says.filter(Boolean)), h("span.push"), h("span.hunkbar-acts"), label);
  bar.dataset.kind = change.kind;
  bar.classList.toggle("seen", change.viewed);
}

function barsBuild() {
  const root = file()?.querySelector("diff-view");
  if (!root || !shown?.changes.length) return;
  const first = new Map([...root.querySelectorAll(".rows > [data-change]:not(.hunkbar)")].map((cell) => [Number(cell.dataset.change), cell]));
  const sides = new URL(file().dataset.here, location.href).searchParams;
  const letter = (name) => (/^[A-Z]$/.test(sides.get(name)) ? sides.get(name) : "");
  const fill = new IntersectionObserver((entries) => fillAll(entries.filter((entry) => entry.isIntersecting).map(({ target }) => target)), { rootMargin: `${NEAR_PX}px` });
  const fillAll = (bars) => {
    const filled = bars.filter((bar) => !bar.firstChild).map((bar) => {
      const change = shown.changes[bar.dataset.change - 1];
      barFill(bar, change);
      fill.unobserve(bar);
      return {
        n: change.n,
        whole: shown.whole,
        bar,
        key: change.key,
        between: change.between,
        left: { letter: letter("left"), path: change.left_path, hunks: change.left_hunks },
        right: { letter: letter("right"), path: change.right_path, hunks: change.right_hunks },
      };
    });
    if (filled.length) document.dispatchEvent(new CustomEvent("hunkbars", { detail: { root, changes: filled } }));
  };
  const bars = [];
  for (const change of shown.changes) {
    const cell = first.get(change.n);
    if (!cell) continue;
    const name = shown.whole ? "The whole new file" : `Change ${change.n}`;
    const bar = h("div.hunkbar", { "data-change": change.n, "data-says": changeSay(change), role: "group", "aria-label": name });
    cell.before(bar);
    gutter(cell, change);
    bars.push(bar);
  }
  // At once: what fills later pushes down lines that are read. What is skipped is not asked where it is: it would be laid out.
  const near = new Set([...root.querySelectorAll(".rows")].filter(isNear));
  fillAll(bars.filter((bar) => near.has(bar.parentElement) && isNear(bar)));
  for (const bar of bars) if (!bar.firstChild) fill.observe(bar);
}

const isNear = (element) => {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > -NEAR_PX && top < innerHeight + NEAR_PX;
};

/** A stripe beside the lines of a change says how it stands, wherever one is in it. */
function gutter(cell, change) {
  if (!change.kind) return;
  for (let row = cell; row?.matches(".add, .del, .void"); row = row.nextElementSibling) row.dataset.stands = change.kind;
}

// --- Viewed --------------------------------------------------------------------------------------

/** Of `of`, which `load` has read. True if it was saved. */
async function viewedSet(viewed, keys = [], of = shown) {
  const body = new FormData();
  for (const key of keys) body.append("hunk", key);
  body.append("viewed", viewed ? "1" : "");
  let told;
  try {
    told = await ask("viewed", body, of.here);
  } catch (error) {
    fail("The mark was not saved.", error);
    return false;
  }
  saved += 1;
  document.dispatchEvent(new CustomEvent("viewed", { detail: told }));
  await loading; // what is being read may not know of it
  const known = isShown(of) ? shown : of;
  const every = keys.length ? keys : of.keys;
  for (const change of known.changes) if (every.includes(change.key)) change.viewed = viewed;
  known.seen = told.files[of.path] ?? "";
  if (known !== shown) return true; // the reader has gone on to another file
  for (const bar of file().querySelectorAll(".hunkbar")) {
    const change = shown.changes[bar.dataset.change - 1];
    bar.classList.toggle("seen", change.viewed);
    const box = bar.querySelector(".vm input");
    if (box) box.checked = change.viewed;
  }
  fileBox(shown.seen);
  return true;
}

/** The box in the head of the file: empty, half, checked; and a word where it changed since. */
function fileBox(state) {
  const label = file().querySelector("[data-viewed-file]");
  const box = label.querySelector("input");
  box.checked = state === "viewed";
  box.indeterminate = state === "partly" || state === "changed";
  label.hidden = false;
  file().querySelector("[data-changed-since]").hidden = state !== "changed";
}

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-viewed-file]")) viewedSet(event.target.checked);
});

const pathOf = (address) => new URL(address ?? "", location.href).searchParams.get("path");
const isShown = (of) => shown?.path === of.path;

/** `v` views the change one is at, and goes to the next; of a file without changes to stand at, the file. Who has gone
 * elsewhere meanwhile stays there. */
async function changeViewed({ of, change }) {
  if (!of.changes.length) return fileViewed({ of });
  if (!change) {
    if (isShown(of) && !changeNow()) key("j"); // nothing is marked that nobody is at
    return { of, change: changeNow() };
  }
  const viewed = !change.viewed;
  if (!(await viewedSet(viewed, [change.key], of)) || !viewed) return { of, change };
  if (isShown(of) && changeNow()?.key === change.key) key("j");
  return { of, change: of.changes[of.changes.indexOf(change) + 1] ?? change };
}

/** `V` views the file, and goes to the next. */
async function fileViewed({ of }) {
  const viewed = of.seen !== "viewed";
  if (!(await viewedSet(viewed, [], of)) || !viewed) return { of, change: null };
  if (!isShown(of) || fileComes()) return null;
  const { next } = file().dataset;
  if (!next) return { of, change: null };
  key("n");
  await fileCame();
  await loading;
  return shown?.path === pathOf(next) ? { of: shown, change: null } : null;
}

const cellNow = () => file()?.querySelector("[data-now]") ?? null;
const changeOf = (cell) => (cell && shown?.changes[shown.whole ? 0 : cell.dataset.change - 1]) ?? null;

/** The change one is at, or null. */
export const changeNow = () => changeOf(cellNow());

/** Is it still being read how the changes of the file in view stand? */
export const isReading = () => underway !== null;
export const readingCame = () => loading;

/** The cell where the change with this key begins, if the file in view still has it. */
export function changeCell(wanted) {
  const change = shown?.changes.find((one) => one.key === wanted);
  return change ? file().querySelector(`.rows > [data-change="${change.n}"]:not(.hunkbar)`) : null;
}

function key(name) {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key.toLowerCase() !== "v") return;
  event.preventDefault();
  const here = fileComes() ? {} : { of: shown, path: pathOf(file()?.dataset.here) };
  const pressed = { cell: cellNow(), file: file(), ...here };
  pressed.change = pressed.of && changeNow();
  const goesOn = newest?.file === pressed.file && newest.cell === pressed.cell;
  newest = pressed;
  // Of a file that has just come it is not known yet what its changes are: the key is not lost over that.
  const act = async (next) => {
    await fileCame();
    await loading;
    const place = placeOf(goesOn ? next : pressed);
    const after = place && (await (event.key === "V" ? fileViewed(place) : changeViewed(place)));
    if (newest === pressed) newest = null;
    return after;
  };
  turn = turn.catch(() => null).then(act);
});

/** What was meant, as it is by now; null where it is gone. */
function placeOf(meant) {
  if (!meant) return null;
  const { of, change, cell, path } = meant;
  if (!of) return shown && (path ?? shown.path) === shown.path && { of: shown, change: changeOf(cell?.isConnected ? cell : cellNow()) };
  if (!isShown(of) || shown === of || !change) return { of: isShown(of) ? shown : of, change };
  const same = shown.changes.find((one) => one.key === change.key);
  return same ? { of: shown, change: same } : null;
}

// --- Loading -------------------------------------------------------------------------------------

/** Whatever came of it, `reading` is told: after it nothing more moves the lines. */
async function load() {
  shown = null;
  const asked = file();
  underway = asked;
  try {
    await read(asked);
  } finally {
    if (underway === asked) underway = null;
    if (file() === asked) document.dispatchEvent(new CustomEvent("reading", { detail: shown }));
  }
}

async function read(asked) {
  const url = asked && new URL(asked.dataset.here, location.href);
  if (!url || url.searchParams.has("w")) return; // with white space rules the changes are others
  let found;
  try {
    found = await ask("reading");
    await pageReady;
  } catch (error) {
    fail("How the changes stand could not be read.", error);
    return;
  }
  if (file() !== asked) return; // the reader has gone on to another file
  shown = { ...found, path: url.searchParams.get("path"), here: asked.dataset.here };
  fileBox(found.seen);
  barsBuild();
}

/** How far one is; asked again where a mark was saved meanwhile, which the answer may not know of. */
async function sums() {
  if (!file()) return;
  const before = saved;
  const told = await ask("viewed");
  await pageReady;
  if (before !== saved) return sums();
  document.dispatchEvent(new CustomEvent("viewed", { detail: told }));
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id === "file" || event.detail.target?.id === "file") loading = load();
});
const sumsRead = () => sums().catch(followFailed);

document.addEventListener("compare:moved", sumsRead);
loading = load();
sumsRead();
