// What a key has to say stands at the bottom of the window, above the tray, for a while, or until the next key or
// press; a question only ends by these. Shift alone is not one yet.
import { h } from "./dom.js";

const SHOWN_MS = 6_000;
const place = h("p.keysays", { role: "status" });
let timer = 0;

export function keySay(text, { stays = false } = {}) {
  clearTimeout(timer);
  document.body.append(place); // empty, so that what comes into it is heard
  place.style.bottom = `${(document.querySelector(".tray:not(.wide)")?.offsetHeight ?? 0) + 10}px`;
  place.textContent = text;
  if (!stays) timer = setTimeout(hush, SHOWN_MS);
}

function hush() {
  place.remove();
  place.textContent = "";
}

for (const name of ["keydown", "pointerdown"]) document.addEventListener(name, ({ key }) => key !== "Shift" && hush(), { capture: true });
