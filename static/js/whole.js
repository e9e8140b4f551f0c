// The page of one whole file: lines that are permalinks, keys.
import "./copy.js";
import "./diff-view.js";
import { addressShow } from "./line-range.js";
import { keysTake } from "./page-keys.js";
import { wrapToggle } from "./wrap.js";

const press = (selector) => document.querySelector(selector)?.click();
const side = (number) => {
  const link = document.querySelector(`[data-side="${number ? String.fromCharCode(64 + number) : "0"}"]`);
  if (!link?.hasAttribute("aria-current")) link?.click();
  return Boolean(link);
};
const show = () => addressShow(document.querySelector("#file diff-view"));

keysTake({ w: wrapToggle, b: () => side(0), s: () => press("#two"), digit: side });
window.addEventListener("hashchange", show);
show();
