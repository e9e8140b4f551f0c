// The head of a criterion's row orders the columns by it: tabs, sheet and board, without leaving where one is.
// What the page shows is in `#column-order`, which comes with every new sheet; what was asked for is kept here, so
// that an answer under way to an older question changes nothing. An update keeps the order that is shown.
const shown = () => document.getElementById("column-order");

let wanted = shown()?.dataset.name ?? "";
let kept = shown()?.dataset.letters ?? "";
let asked = false;

document.addEventListener("click", (event) => {
  const head = event.target.closest?.("a[data-columns]");
  if (!head || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  wanted = head.dataset.columns;
  kept = "";
  asked = true;
  history.replaceState(history.state, "", `${location.pathname}${wanted ? `?columns=${wanted}` : ""}${location.hash}`);
  document.dispatchEvent(new CustomEvent("columns"));
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "overview") return;
  if (wanted) event.detail.parameters.columns = wanted;
  if (kept) event.detail.parameters.letters = kept;
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "overview" || shown()?.dataset.name !== wanted) return;
  const { letters, words } = shown().dataset;
  if (letters === kept && !asked) return;
  kept = letters;
  document.dispatchEvent(new CustomEvent("columns:shown"));
  if (asked) document.getElementById("columns-say").textContent = `Variants by ${words}${letters ? `: ${[...letters].join(", ")}` : ""}`;
  asked = false;
});
