// Keys of a page that mean something else on other pages of a task, so they are taken before all others.
import { variantsTake } from "./key-lead.js";
import { isTyping } from "./typing.js";

/** `keys` by event.key; `digit` and `shiftDigit` get the number. One that returns false has meant nothing. */
export function keysTake(keys) {
  if (keys.digit) variantsTake((number, event) => (event.shiftKey && keys.shiftDigit ? keys.shiftDigit : keys.digit)(number, event));
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
      if (isTyping(event.target) || event.target.closest?.("dialog")) return;
      if (document.querySelector("dialog[open]")) return;
      const act = actOf(keys, event);
      if (!act || act() === false) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
}

function actOf(keys, event) {
  const digit = /^Digit([0-9])$/.exec(event.code)?.[1];
  if (event.shiftKey && digit && keys.shiftDigit) return () => keys.shiftDigit(Number(digit), event);
  if (/^[0-9]$/.test(event.key) && keys.digit) return () => keys.digit(Number(event.key), event);
  return Object.hasOwn(keys, event.key) ? () => keys[event.key](event) : null;
}
