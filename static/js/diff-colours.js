// Colours for a diff that is too long to have an element per word, or that came before its colours were
// ready: the CSS Custom Highlight API paints ranges of text, near the viewport only, and adds no element.

import { answerSoon } from "./patience.js";

const CLASSES = ["k", "s", "c", "f", "n", "d"];
const NEAR = "1000px 0px";

function highlights() {
  return new Map(
    CLASSES.map((name) => {
      const key = `code-${name}`;
      if (!CSS.highlights.has(key)) CSS.highlights.set(key, new Highlight());
      return [name, CSS.highlights.get(key)];
    }),
  );
}

/** Colour the rows of `view` from `url`; returns what ends it. */
export function coloursApply(view, url) {
  if (!("highlights" in CSS)) return () => {};
  const kinds = highlights();
  const painted = new Map();
  const ended = new AbortController();
  let colours = null;

  const clear = (section) => {
    for (const [kind, range] of painted.get(section) ?? []) kinds.get(kind).delete(range);
    painted.delete(section);
  };
  const paint = (section) => {
    clear(section);
    const ranges = [];
    for (const cell of section.querySelectorAll(":scope > [id]")) {
      const lines = cell.id[0] === "L" ? colours.left : colours.right;
      const tokens = lines[Number(cell.id.slice(1)) - 1];
      if (tokens?.length) ranges.push(...cellRanges(cell, tokens));
    }
    for (const [kind, range] of ranges) kinds.get(kind).add(range);
    painted.set(section, ranges);
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) (isIntersecting ? paint : clear)(target);
    },
    { rootMargin: NEAR },
  );
  const observe = () => {
    observer.disconnect();
    for (const section of view.querySelectorAll(".rows")) observer.observe(section);
  };

  answerSoon(url, { headers: { "HX-Request": "true" }, signal: ended.signal })
    .then((answer) => (answer.ok ? answer.json : null))
    .then((found) => {
      if (!found || ended.signal.aborted) return;
      colours = found;
      observe();
      view.addEventListener("diff-rows", observe, { signal: ended.signal });
    })
    .catch(() => {
      // Without colours the diff is still whole; there is nothing a reader could do about it.
    });
  return () => {
    ended.abort();
    observer.disconnect();
    for (const section of [...painted.keys()]) clear(section);
  };
}

// Offsets are those of the file's line. Characters shown by their name (.ctl) are one unit there.
function cellRanges(cell, tokens) {
  const pieces = [];
  let at = 0;
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const named = node.parentElement.closest(".ctl");
    const length = named ? 1 : node.length;
    if (!named) pieces.push([at, at + length, node]);
    at += length;
  }
  const ranges = [];
  for (let i = 0; i < tokens.length; i += 3) {
    const [start, end, kind] = [tokens[i], tokens[i + 1], tokens[i + 2]];
    for (const [first, last, node] of pieces) {
      if (last <= start || first >= end) continue;
      const range = new StaticRange({
        startContainer: node,
        startOffset: Math.max(start, first) - first,
        endContainer: node,
        endOffset: Math.min(end, last) - first,
      });
      ranges.push([kind, range]);
    }
  }
  return ranges;
}
