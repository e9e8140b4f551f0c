/* What an agent says, or a person wrote to it, as DOM: a small and safe part of Markdown (paragraphs, headings, lists, code, bold).
   Links and pictures stay the text they are. */

import { h } from "./dom.js";

const LIMIT = 40_000;   // longer than this is shown as it is
const ITEM = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;

export function prose(text) {
  const root = h("div.say");
  if (text.length > LIMIT) { root.append(h("p.asis", null, text)); return root; }
  const lines = text.replace(/\r\n?/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "").split("\n");
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) root.append(h("p", null, ...inline(paragraph.join("\n"))));
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const code = fenced(lines, at);
    if (code) {
      flush();
      root.append(code.node);
      at = code.end;
      continue;
    }
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line);
    if (heading) {
      flush();
      root.append(h("p.say-h", null, ...inline(heading[1])));
    } else if (ITEM.test(line)) {
      flush();
      const items = [];
      for (; at < lines.length; at++) {
        if (ITEM.test(lines[at])) items.push([lines[at]]);
        else if (/^\s+\S/.test(lines[at])) items.at(-1).push(lines[at].trim());
        else break;
      }
      at--;
      root.append(list(items));
    } else if (line.trim() === "") {
      flush();
    } else {
      paragraph.push(line);
    }
  }
  flush();
  return root;
}

/** The code that a fence in this line begins, and the line that ends it. */
function fenced(lines, at) {
  const fence = /^\s*(`{3,}|~{3,})/.exec(lines[at]);
  if (!fence) return null;
  const code = [];
  let end = at;
  while (++end < lines.length && !lines[end].trim().startsWith(fence[1])) code.push(lines[end]);
  return { node: h("pre", { tabindex: 0 }, h("code", null, code.join("\n"))), end };
}

function list(items) {
  const first = ITEM.exec(items[0][0]);
  const node = first[2] ? h("ol", { start: first[2] }) : h("ul");
  for (const [head, ...more] of items) {
    const [, indent, , text] = ITEM.exec(head);
    const item = h("li", null, ...inline([text, ...more].join("\n")));
    if (indent.length > 1) item.className = indent.length > 4 ? "deep3" : "deep2";
    node.append(item);
  }
  return node;
}

/** `code` and **bold**; all else is text. */
export function inline(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(/(`+)([^`\n](?:[^\n]{0,2000}?[^`\n])??)\1(?!`)|\*\*(\S(?:[^*\n]{0,2000}\S)??)\*\*/g)) {
    if (found.index > at) nodes.push(text.slice(at, found.index));
    nodes.push(found[1] ? h("code", null, found[2]) : h("strong", null, ...inline(found[3])));
    at = found.index + found[0].length;
  }
  if (at < text.length) nodes.push(text.slice(at));
  return nodes;
}
