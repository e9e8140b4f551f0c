// The jump box: type a few letters, arrows choose, Enter goes there.
import { dialogOpen } from "./dialogs.js";

const dialog = document.getElementById("jump");
const input = dialog?.querySelector(".jump-in");

const rows = () => [...dialog.querySelectorAll("[data-jump]")];
const chosen = () => rows().findIndex((row) => row.getAttribute("aria-selected") === "true");

function choose(index) {
  rows().forEach((row, at) => {
    row.setAttribute("aria-selected", String(at === index));
    if (at === index) row.scrollIntoView({ block: "nearest" });
  });
}

function keydown(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const count = rows().length;
  if (step && count) {
    event.preventDefault();
    choose((chosen() + step + count) % count);
  } else if (event.key === "Enter" && count) {
    event.preventDefault();
    location.assign(rows()[Math.max(0, chosen())].href);
  }
}

export function jumpOpen() {
  return dialogOpen("jump");
}

if (dialog) {
  dialog.addEventListener("opened", () => {
    input.value = "";
    input.focus();
    input.dispatchEvent(new CustomEvent("jump-open"));
  });
  input.addEventListener("keydown", keydown);
  dialog.addEventListener("htmx:afterSwap", () => choose(0));
}
