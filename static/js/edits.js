/* The small diff of one edit, from its old and new text. */

import { h } from "./dom.js";

const CELLS = 250_000;   // of the table of common lines; larger edits are shown as all old, all new
const SHOWN = 200;
const AROUND = 3;

/** Lines as [sign, text], sign one of " ", "-", "+". */
export function editLines(before, after) {
  const old = split(before), fresh = split(after);
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < fresh.length - head
         && old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail++;
  const lines = old.slice(0, head).map((text) => [" ", text]);
  lines.push(...middle(old.slice(head, old.length - tail), fresh.slice(head, fresh.length - tail)));
  for (const text of old.slice(old.length - tail)) lines.push([" ", text]);
  return lines;
}

export function editCounts(edits) {
  let plus = 0, minus = 0;
  for (const edit of edits) {
    for (const [sign] of editLines(edit.old, edit.new)) {
      if (sign === "+") plus++;
      else if (sign === "-") minus++;
    }
  }
  return { plus, minus };
}

export function editView(edit) {
  const view = h("div.tool-diff", { role: "group", "aria-label": edit.path, tabindex: 0 });
  const lines = near(editLines(edit.old, edit.new));
  const fill = (part) => part.forEach(([sign, text]) => view.append(line(sign, text)));
  fill(lines.slice(0, SHOWN));
  if (lines.length > SHOWN) {
    const more = h("button.more", { type: "button" }, `Show ${lines.length - SHOWN} more lines`);
    more.addEventListener("click", () => { more.remove(); fill(lines.slice(SHOWN, SHOWN * 25)); });
    view.append(more);
  }
  return view;
}

function line(sign, text) {
  if (sign === "…") return h("div.uline.gap", { "aria-hidden": "true" }, "⋯");
  const kind = { "+": ".add", "-": ".del", " ": "" }[sign];
  const said = { "+": "added", "-": "removed" }[sign];
  return h(`div.uline${kind}`, null,
    h("span.sg", said ? { role: "img", "aria-label": said } : null, sign === "-" ? "−" : sign),
    h("span.tx", null, text.length > 4000 ? `${text.slice(0, 4000)}…` : text));
}

/* Only the lines around a change. */
function near(lines) {
  const keep = new Uint8Array(lines.length);
  lines.forEach(([sign], at) => {
    if (sign !== " ") keep.fill(1, Math.max(0, at - AROUND), at + AROUND + 1);
  });
  const last = keep.lastIndexOf(1);
  const shown = [];
  lines.forEach((entry, at) => {
    if (keep[at]) shown.push(entry);
    else if (at && at < last && keep[at - 1]) shown.push(["…", ""]);
  });
  return shown;
}

function split(text) {
  if (text === null || text === undefined || text === "") return [];
  const lines = String(text).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function middle(old, fresh) {
  const asIs = () => [...old.map((text) => ["-", text]), ...fresh.map((text) => ["+", text])];
  if (!old.length || !fresh.length || old.length * fresh.length > CELLS) return asIs();
  const width = fresh.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  for (let a = old.length - 1; a >= 0; a--) {
    for (let b = fresh.length - 1; b >= 0; b--) {
      common[a * width + b] = old[a] === fresh[b]
        ? common[(a + 1) * width + b + 1] + 1
        : Math.max(common[(a + 1) * width + b], common[a * width + b + 1]);
    }
  }
  const lines = [];
  let a = 0, b = 0;
  while (a < old.length || b < fresh.length) {
    if (a < old.length && b < fresh.length && old[a] === fresh[b]) { lines.push([" ", old[a]]); a++; b++; }
    else if (b >= fresh.length || (a < old.length && common[(a + 1) * width + b] >= common[a * width + b + 1])) lines.push(["-", old[a++]]);
    else lines.push(["+", fresh[b++]]);
  }
  return lines;
}
