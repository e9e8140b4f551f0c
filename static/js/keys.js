// Keys. An element with data-key="y" is what `y` does (several keys with spaces between): a link or button is pressed, a field gets the focus.
import { dialogOpen } from "./dialogs.js";
import { jumpOpen } from "./jump.js";
import { variantsTake } from "./key-lead.js";
import { keySay } from "./key-says.js";
import { isTyping } from "./typing.js";

function act(element) {
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea")) element.focus();
  else element.click();
  if (element.type === "search") element.select(); // what is typed next takes its place
}

function tabStep(step) {
  const tabs = [...document.querySelectorAll(".tabs .tab")];
  const at = tabs.findIndex((tab) => tab.hasAttribute("aria-current"));
  tabs[at + step]?.click();
  return at >= 0;
}

/** Where `M` has no button to press: which to choose, or that there is nothing. */
function mergeSay() {
  const says = document.querySelector("[data-merge-says]")?.dataset.mergeSays;
  if (says) keySay(says);
  return Boolean(says);
}

/** In the dialog stand the keys of this page: those that say they are of others, or not of this one, are left out. */
function keysFilter() {
  const here = document.body.dataset.keys;
  const names = (element, name) => element.dataset[name]?.split(" ");
  for (const part of document.querySelectorAll("#keys :is([data-on], [data-not])")) {
    part.hidden = !(names(part, "on")?.includes(here) ?? true) || (names(part, "not")?.includes(here) ?? false);
  }
}

/** True if the key meant something. */
function press(key) {
  const named = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key.split(" ").includes(key));
  if (named) {
    act(named);
    return true;
  }
  switch (key) {
    case "?":
      keysFilter();
      return dialogOpen("keys");
    case "/":
      return jumpOpen();
    case "c":
      document.querySelector(".top .new")?.click();
      return true;
    case "M":
      return mergeSay();
    case "m":
      return document.body.dataset.keys === "compare" && mergeSay();
    case "[":
      return tabStep(-1);
    case "]":
      return tabStep(1);
    default:
      return false;
  }
}

variantsTake((number) => press(String(number)), () => document.querySelector(".tabs [data-key]"));

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const form = event.target.closest?.("form");
    // From a button only where nothing but the start can be meant: a question has buttons that say the opposite.
    const typed = event.target.matches("textarea, input, select");
    const button = form?.querySelector(typed ? "#start, #send, button.go" : "#start");
    if (button) {
      event.preventDefault();
      form.requestSubmit(button);
    }
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    if (jumpOpen()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isTyping(event.target) && !event.target.closest("dialog")) event.target.blur();
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (press(event.key)) event.preventDefault();
});
