/* Making elements. Text is always a text node: nothing an agent wrote can become markup. */

const SVG = "http://www.w3.org/2000/svg";

/** h("p.say.user", {title: "…"}, "text", node, …): falsy children are left out. */
export function h(what, attributes, ...children) {
  const [tag, ...names] = what.split(".");
  const node = document.createElement(tag || "div");
  if (names.length) node.className = names.join(" ");
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child || child === 0) node.append(child);
  return node;
}

/** An icon of the page's own sprite. */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `ic s ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}
