// The list of files says how far one is: a mark per file, "12 of 31 viewed", and "unviewed only".
import { h } from "./dom.js";

const WORDS = { viewed: "viewed", partly: "partly viewed", changed: "changed since you looked" };
const tree = document.querySelector("file-tree");
let progress, meter, words, only;

function build() {
  meter = h("progress", { max: 1, value: 0, "aria-label": "Files viewed" });
  words = h("span.label.num", { "aria-live": "polite" });
  only = h("button.btn.bare.sm", { type: "button", "aria-pressed": "false", onclick: toggle }, "Unviewed");
  progress = h("div.row.vprog", null, meter, words, only);
  tree.querySelector(".hd").append(progress);
}

function toggle() {
  only.setAttribute("aria-pressed", String(only.getAttribute("aria-pressed") !== "true"));
  tree.unviewedOnly = only.getAttribute("aria-pressed") === "true";
  tree.filter();
}

document.addEventListener("viewed", ({ detail: sums }) => {
  if (!tree) return;
  if (!progress) build();
  meter.max = Math.max(1, sums.total);
  meter.value = sums.viewed;
  words.textContent = `${sums.viewed.toLocaleString("en")} of ${sums.total.toLocaleString("en")} viewed`;
  for (const link of tree.links) {
    const state = sums.files[new URL(link.href).searchParams.get("path")] ?? "";
    link.dataset.seen = state;
    let mark = link.querySelector(".vh.seen");
    if (!mark) link.append((mark = h("span.vh.seen")));
    mark.textContent = WORDS[state] ? `, ${WORDS[state]}` : "";
  }
  if (tree.unviewedOnly) tree.filter();
});
