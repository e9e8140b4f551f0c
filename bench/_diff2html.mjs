// The comparison for diff_sets.py: is told {folder, patch}, then does it once for every further line it reads and
// answers {ms, elements}: the HTML side by side, and its own highlightCode() with strings in place of a browser's DOM.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const asked = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { folder, patch } = JSON.parse((await asked.next()).value);
const require = createRequire(`${folder}/`);
const diff2html = require("diff2html");
const hljs = require("highlight.js");
const helpers = require("diff2html/lib/ui/js/highlight.js-helpers");
const text = readFileSync(patch, "utf8");

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&#x2F;": "/" };
const plain = (html) => html.replace(/&(?:amp|lt|gt|quot|#x27|#x2F);/g, (entity) => ENTITIES[entity]);
const LINE = /(<span class="d2h-code-line-ctn">)(.*?)(<\/span>\s*<\/div>)/gs;

/** As much of a DOM as nodeStream() and mergeStreams() look at. */
function nodes(html) {
  const root = { children: [] };
  const open = [root];
  for (const [, closing, name, css, value] of html.matchAll(/<(\/)?(\w+)(?: class="([^"]*)")?>|([^<]+)/g)) {
    const parent = open.at(-1);
    let node = null;
    if (closing) open.pop();
    else if (name) {
      node = { nodeType: 1, nodeName: name, children: [], attributes: css ? [{ nodeName: "class", value: css }] : [] };
      open.push(node);
    } else node = { nodeType: 3, nodeValue: plain(value) };
    if (!node) continue;
    if (parent.children.length) parent.children.at(-1).nextSibling = node;
    else parent.firstChild = node;
    parent.children.push(node);
  }
  return root;
}

function lineHighlight(inner, language) {
  const value = plain(inner.replace(/<[^>]+>/g, ""));
  const result = helpers.closeTags(hljs.highlight(value, { language, ignoreIllegals: true }));
  const stream = inner.includes("<") ? helpers.nodeStream(nodes(inner)) : [];
  return stream.length ? helpers.mergeStreams(stream, helpers.nodeStream(nodes(result.value)), value) : result.value;
}

function once() {
  const html = diff2html.html(diff2html.parse(text), { outputFormat: "side-by-side", drawFileList: false });
  const files = html.split(/(?=<div id="[^"]*" class="d2h-file-wrapper")/);
  return files
    .map((file) => {
      const name = helpers.getLanguage(/data-lang="([^"]*)"/.exec(file)?.[1]);
      const language = hljs.getLanguage(name) ? name : "plaintext";
      return file.replace(LINE, (_, before, inner, after) => before + lineHighlight(inner, language) + after);
    })
    .join("");
}

for await (const _ of asked) {
  const began = process.cpuUsage();
  const html = once();
  const { user, system } = process.cpuUsage(began);
  process.stdout.write(`${JSON.stringify({ ms: (user + system) / 1000, elements: html.split("</").length - 1 })}\n`);
}
