// Saying where: a plus beside the line that one points at or is at, `c` for the chosen lines or the change one is at.
// Dragging from the plus, or shift and another plus, makes it a range.
import { layerOf } from "./comment-layer.js";
import { cellsOf, changeAhead, changeRanges, linesAt, viewOf, viewsAll } from "./comment-places.js";
import { formIsWritten, suggestionFill, suggestionRestore } from "./comment-suggest.js";
import { h, icon } from "./dom.js";
import { centre } from "./in-sight.js";
import { keysTake } from "./page-keys.js";

const plus = h("button.addline", { type: "button", tabindex: -1, "aria-label": "Comment on this line", title: "Comment (c); drag for several lines" }, icon("plus"));
let drag = null; // { view, side, from, to }

/** The line of a cell: { view, layer, side, n, cell }, or null where there can be no comment. */
function lineOf(target) {
  const view = viewOf(target);
  const layer = layerOf(view);
  const line = layer && linesAt(target).find(({ side }) => layer.on(side));
  return line ? { view, layer, ...line } : null;
}

// --- The plus ------------------------------------------------------------------------------------

function plusShow(target) {
  if (drag || target.closest?.(".addline, comment-row")) return;
  const line = lineOf(target);
  if (line) line.cell.append(plus);
  else if (!viewOf(target)) plus.remove();
}

document.addEventListener("pointerover", (event) => event.pointerType !== "touch" && plusShow(event.target));
document.addEventListener("focusin", (event) => plusShow(event.target));
// A touch shows it beside the line; a second one presses it.
document.addEventListener("pointerup", (event) => event.pointerType === "touch" && plusShow(event.target));

for (const name of ["click", "pointerup"]) plus.addEventListener(name, (event) => event.stopPropagation());

plus.addEventListener("pointerdown", (event) => {
  event.stopPropagation();
  const line = lineOf(plus.parentElement);
  if (!line || event.button) return;
  event.preventDefault();
  if (event.shiftKey && rangeExtend(line)) return;
  drag = { ...line, from: line.n, to: line.n };
  plus.setPointerCapture(event.pointerId);
  picked(drag.view, drag);
});

plus.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const line = lineOf(document.elementFromPoint(event.clientX, event.clientY));
  if (!line || line.view !== drag.view || line.side !== drag.side || line.n === drag.to) return;
  drag.to = line.n;
  picked(drag.view, drag);
});

plus.addEventListener("lostpointercapture", () => {
  if (!drag) return;
  const { layer, side, from, to } = drag;
  drag = null;
  formOpen(layer, { side, start: Math.min(from, to), end: Math.max(from, to) });
});

plus.addEventListener("pointercancel", () => {
  const view = drag?.view;
  drag = null;
  if (view) picked(view, null);
});

/** Marks the lines that a comment will be on. */
function picked(view, at) {
  for (const old of view.querySelectorAll("[data-picked]")) delete old.dataset.picked;
  if (!at) return;
  const [start, end] = at.from ? [Math.min(at.from, at.to), Math.max(at.from, at.to)] : [at.start, at.end];
  for (const cell of cellsOf(view, { side: at.side, start, end })) cell.dataset.picked = "";
}

/** Shift: the form that is open gets the lines up to here as well. */
function rangeExtend(line) {
  const row = line.layer.forms.findLast((one) => line.layer.at(one).side === line.side && line.layer.at(one).end);
  if (!row) return false;
  const { start, end } = line.layer.at(row);
  const at = { side: line.side, start: Math.min(start, line.n), end: Math.max(end, line.n) };
  rangeSet(line.layer, row, at);
  row.querySelector("textarea").focus();
  return true;
}

// --- The form ------------------------------------------------------------------------------------

const cameFrom = new WeakMap(); // where one was when a form was opened, by its row

/** A form for these lines ({ side, start, end }), or for the whole file ({ side }). */
function formOpen(layer, at) {
  const open = layer.forms.find((row) => same(layer.at(row), at));
  for (const row of layer.forms) if (row !== open && !formIsWritten(row.firstElementChild)) layer.formRemove(row);
  const row = open ?? layer.formAdd(formNew(layer, at), at);
  if (!open) cameFrom.set(row, { line: lineOf(document.activeElement), element: document.activeElement });
  if (at.end) picked(layer.view, at);
  const field = row.querySelector("textarea");
  field.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/** A form as it was on another page: its fields by name, and what `suggestionSay` has said. */
export function formRestore(layer, at, { fields, suggestion }) {
  if (layer.forms.some((row) => same(layer.at(row), at))) return;
  const form = formNew(layer, at);
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
  if (suggestion) suggestionRestore(form, suggestion);
  layer.formAdd(form, at);
}

const same = (a, b) => a.side === b.side && a.start === b.start && a.end === b.end;

function formNew(layer, at) {
  const form = document.getElementById("comment-form").content.firstElementChild.cloneNode(true);
  const on = layer.on(at.side);
  const against = layer.against(at.side);
  const target = on === "base" ? against : on;
  form.elements.about.value = at.end ? "lines" : "file";
  form.elements.on.value = on;
  form.elements.against.value = against;
  form.elements.commit.value = layer.commit(at.side);
  form.elements.path.value = layer.path(at.side);
  if (/^[A-Z]$/.test(on)) form.classList.add("v", `v-${on.toLowerCase()}`);
  const send = form.querySelector("[data-send]");
  if (send.dataset.send.split(" ").includes(target)) {
    send.hidden = false;
    send.value = target;
    send.lastElementChild.append(h(`span.v.v-${target.toLowerCase()}.ch.sm`, null, target));
  }
  form.querySelector("[data-suggest]").hidden = on === "base" || !at.end;
  formFill(layer, form, at);
  return form;
}

function formFill(layer, form, { side, start, end }) {
  const on = layer.on(side) === "base" ? "the base" : layer.on(side);
  const lines = form.querySelector(".newform-lines");
  form.querySelector(".newform-where").textContent = end ? `On ${on}, lines` : `On the whole file in ${on}`;
  lines.hidden = !end;
  form.elements.start.value = start ?? "";
  form.elements.end.value = end ?? "";
  form.elements.body.setAttribute("aria-label", end ? `Comment on ${on}, line ${start}${end > start ? ` to ${end}` : ""}` : `Comment on the file in ${on}`);
}

/** Other lines for a form that is open. */
function rangeSet(layer, row, at) {
  formFill(layer, row.firstElementChild, at);
  layer.formMove(row, at);
  picked(layer.view, at);
  suggestionFill(row.firstElementChild);
}

/** Back to the lines it was about; from one about the whole file, to where one was. */
function formClose(row, { posted = false } = {}) {
  const layer = [...document.querySelectorAll("file-comments")].find((one) => one.forms.includes(row));
  if (!layer) return;
  const { side, end } = layer.at(row);
  layer.formRemove(row);
  picked(layer.view ?? document, null);
  const { line, element } = cameFrom.get(row) ?? {};
  const back = end ? { side, n: end } : line;
  const cell = back && layer.view && cellsOf(layer.view, { side: back.side, start: back.n, end: back.n })[0];
  if (cell) {
    cell.tabIndex = -1;
    cell.focus({ preventScroll: true });
    if (!end) centre(cell);
  } else if (!posted) element?.focus(); // of what was written, one goes to the thread
}

const rowOf = (target) => target.closest(".newform")?.closest("comment-row");

document.addEventListener("click", (event) => {
  const row = rowOf(event.target);
  if (row && event.target.closest("[data-cancel]")) formClose(row);
  const button = event.target.closest("[data-comment-file]");
  const whole = button?.closest("#file").querySelector("file-comments");
  if (whole) formOpen(whole, { side: whole.sideOf(button) });
});

document.addEventListener("change", (event) => {
  const row = rowOf(event.target);
  const layer = row && layerOf(row);
  if (!layer || !event.target.matches("[name=start], [name=end]")) return;
  const { start, end } = row.firstElementChild.elements;
  const [a, b] = [Number(start.value) || 1, Number(end.value) || 1];
  const at = { side: layer.at(row).side, start: Math.min(a, b), end: Math.max(a, b) };
  rangeSet(layer, row, at);
});

document.addEventListener("keydown", (event) => {
  const row = event.key === "Escape" && rowOf(event.target);
  if (!row || formIsWritten(row.firstElementChild)) return;
  event.preventDefault();
  formClose(row);
});

/** Its text is on its way into a thread. */
document.addEventListener("comment-posted", (event) => {
  const row = rowOf(event.target);
  if (row) formClose(row, { posted: true });
});

// --- The key -------------------------------------------------------------------------------------

/** The lines that one is at: those chosen, else the change one is at, else the next one, else the whole file. */
function rangeHere() {
  for (const view of viewsAll()) {
    const layer = layerOf(view);
    if (!layer) continue;
    const line = lineOf(document.activeElement);
    const at = line?.view === view ? line : null;
    if (view.chosen && layer.on(view.chosen.side) && (!at || holds(view.chosen, at))) return { layer, at: view.chosen };
    const now = view.querySelector("[data-now]");
    if (at && !now) return { layer, at: { side: at.side, start: at.n, end: at.n } };
    const change = now ?? changeAhead(view);
    const range = change && changeRanges(view, change).find(({ side }) => layer.on(side));
    return { layer, at: range ?? { side: layer.sideFirst } };
  }
  return null;
}

const holds = ({ side, start, end }, line) => line.side === side && line.n >= start && line.n <= end;

/** A file without lines to be on: an image, a binary, one that is the same on both sides. */
function fileHere() {
  const layer = document.querySelector("file-comments");
  return layer?.sideFirst ? { layer, at: { side: layer.sideFirst } } : null;
}

/** The whole file: of the side one is at where each has a button of its own, else as the only button means it. */
function fileComment() {
  const buttons = [...document.querySelectorAll("#file [data-comment-file]:not([hidden])")];
  const line = lineOf(document.activeElement);
  const button = buttons.find(({ dataset }) => dataset.commentFile === line?.side) ?? buttons[0];
  button?.click();
  return Boolean(button);
}

keysTake({
  d: fileComment,
  c: () => {
    const here = rangeHere() ?? fileHere();
    if (here?.at.side) formOpen(here.layer, here.at);
    // Beside a diff it never means a new task.
    return Boolean(here || document.querySelector(".cmp-bar, #live-diff"));
  },
});
