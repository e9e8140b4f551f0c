// Long lines: wrapped, or as they are. As they are, all sides move sideways together, by one bar that stays in
// sight. The text moves by its indent, in steps of a tab, so that numbers stay where they are and tabs stay tabs.

const COOKIE_S = 365 * 24 * 3600;
const TAB = 4;
const CELLS = ":is(.rows, .crows) > [id]";

const button = document.querySelector("[data-wrap]");
const view = () => document.querySelector("#file :is(diff-view, diff-columns)");

/** Toggle wrapping, for now and for later. */
export function wrapToggle() {
  if (!button) return;
  const wraps = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(wraps));
  document.cookie = `diff_wrap=${wraps ? "on" : "off"}; path=/; max-age=${COOKIE_S}; samesite=lax`;
  view()?.classList.toggle("nowrap", !wraps);
  barSet();
}

let refit = () => {};
let moved = null; // the view that the bar moves, if it has one

/** Make or remove the bar of the diff in view. */
export function barSet() {
  const shown = moved = view();
  document.querySelector(".hbar")?.remove();
  refit = () => {};
  shown?.style.removeProperty("--x");
  if (!shown?.matches(".nowrap")) return;
  const bar = document.createElement("div");
  bar.className = "hbar";
  bar.tabIndex = 0;
  bar.setAttribute("role", "scrollbar");
  bar.setAttribute("aria-label", "Move the lines sideways");
  bar.setAttribute("aria-orientation", "horizontal");
  bar.setAttribute("aria-valuenow", "0");
  bar.append(document.createElement("i"));
  shown.after(bar);
  const charPx = charWidth(shown);
  // As long as the longest line needs.
  refit = () => (bar.firstChild.style.width = `${bar.clientWidth + overflowPx(shown, charPx)}px`);
  refit();
  bar.addEventListener("scroll", () => {
    const steps = Math.round(bar.scrollLeft / (TAB * charPx));
    shown.style.setProperty("--x", `${steps * TAB}ch`);
    bar.setAttribute("aria-valuenow", String(steps * TAB));
  });
}

/** Move the lines as they are so far that what is different in this one is in sight. */
export function differenceShow(cell) {
  const bar = document.querySelector(".hbar");
  const mark = bar && [cell, cell.nextElementSibling].map((one) => one?.querySelector("mark")).find(Boolean);
  if (!mark) return;
  const before = document.createRange();
  before.setStart(mark.parentElement, 0);
  before.setEndBefore(mark);
  const left = wide(before.toString()) * charWidth(view());
  const room = bar.clientWidth / (view().matches(".two") ? 2 : 1) / 2;
  if (left < bar.scrollLeft || left > bar.scrollLeft + room) bar.scrollLeft = left - room / 2;
}

/** In characters, tabs counted as they are wide at most. */
const wide = (text) => text.length + (TAB - 1) * (text.split("\t").length - 1);

function charWidth(shown) {
  const probe = document.createElement("span");
  probe.textContent = "0".repeat(100);
  probe.className = "probe";
  shown.append(probe);
  const width = probe.getBoundingClientRect().width / 100;
  probe.remove();
  return width || 8;
}

/** By how much the longest line is wider than its place. */
function overflowPx(shown, charPx) {
  let longest = 0;
  for (const cell of shown.querySelectorAll(CELLS)) {
    longest = Math.max(longest, wide(cell.textContent));
  }
  const cell = shown.querySelector(CELLS);
  const style = cell && getComputedStyle(cell);
  const place = cell ? cell.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) : 0;
  return Math.max(0, longest * charPx - place + TAB * charPx);
}

document.addEventListener("wheel", (event) => {
  const over = event.deltaX && event.target.closest?.("#file .nowrap");
  // Where columns do not all fit, it is they that move.
  if (!over || (over.matches("diff-columns") && over.scrollWidth > over.clientWidth)) return;
  document.querySelector(".hbar")?.scrollBy(event.deltaX, 0);
}, { passive: true });

// Most of what htmx puts into the page is elsewhere.
document.addEventListener("htmx:afterSettle", () => view() !== moved && barSet());
document.addEventListener("diff-rows", () => refit());
window.addEventListener("resize", barSet);
button?.addEventListener("click", wrapToggle);
if (button) button.hidden = false;
barSet();
