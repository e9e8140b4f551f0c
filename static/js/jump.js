// The jump box: type a few letters, arrows choose, Enter goes there.
import { dialogOpen } from "./dialogs.js";

const dialog = document.getElementById("jump");
const input = dialog?.querySelector(".jump-in");

let found = null; // what was asked for when the rows that are shown came; null before any did
let going = false; // Enter came before its rows

const list = document.getElementById("jump-list");

const rows = () => [...dialog.querySelectorAll("[data-jump]")];
const chosen = () => rows().findIndex((row) => row.getAttribute("aria-selected") === "true");

/** The focus stays in the field; which row is chosen is said by it. */
function choose(index) {
  const all = rows();
  list.setAttribute("role", all.length ? "listbox" : "status");
  input.setAttribute("aria-expanded", String(all.length > 0));
  input.removeAttribute("aria-activedescendant");
  all.forEach((row, at) => {
    row.role = "option";
    row.tabIndex = -1;
    row.id = `jump-${at}`;
    row.setAttribute("aria-selected", String(at === index));
    if (at !== index) return;
    input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  });
}

function keydown(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const count = rows().length;
  if (step && count) {
    event.preventDefault();
    choose((chosen() + step + count) % count);
  } else if (event.key === "Escape") {
    event.preventDefault(); // a search field would only be emptied
    dialog.close();
  } else if (event.key === "Enter") {
    event.preventDefault();
    going = found !== input.value;
    if (!going) go();
  } else {
    going = false;
  }
}

function go() {
  const row = rows()[Math.max(0, chosen())];
  if (row) location.assign(row.href);
}

export function jumpOpen() {
  return dialogOpen("jump");
}

if (dialog) {
  dialog.addEventListener("opened", () => {
    input.value = "";
    found = null;
    going = false;
    input.focus();
    input.dispatchEvent(new CustomEvent("jump-open"));
  });
  input.addEventListener("keydown", keydown);
  dialog.addEventListener("htmx:afterSwap", ({ detail }) => {
    found = new URL(detail.pathInfo.finalRequestPath, location.href).searchParams.get("q") ?? "";
    choose(0);
    if (going && found === input.value) go();
  });
}
