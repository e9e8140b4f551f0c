// The tree of files after a change elsewhere: the newest state, with what changed since the page was opened marked.
import { h } from "./dom.js";

const pathOf = (link) => new URL(link.href).searchParams.get("path");

/** `page` is the newest state of this page, `paths` what has changed since the one that is shown. */
export function treeReplace(page, paths) {
  const tree = document.querySelector("file-tree");
  const fresh = page.querySelector("file-tree");
  if (!tree) return;
  const before = new Set(tree.links.filter((link) => link.classList.contains("fresh")).map((link) => pathOf(link)));
  tree.querySelector(".hd .row").replaceWith(fresh.querySelector(".hd .row"));
  tree.show(tree.classList.contains("open"));
  tree.querySelector("nav").replaceChildren(...fresh.querySelector("nav").childNodes);
  for (const link of tree.links) {
    const isFresh = paths.includes(pathOf(link)) || before.has(pathOf(link));
    link.classList.toggle("fresh", isFresh);
    if (isFresh) link.append(h("span.vh", null, ", changed just now"));
  }
  tree.filter();
}

document.addEventListener("click", ({ target }) => target.closest("file-tree a.fresh")?.classList.remove("fresh"));
