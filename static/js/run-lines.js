// Newest lines of agents at work: the runs that the page names are watched, and `run-lines` on `document` says that
// one of them has something new.
import { watch } from "./live.js";

const PACE_MS = 700;
const watched = new Map(); // run -> stop
let timer = 0;

function tell() {
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    document.dispatchEvent(new CustomEvent("run-lines"));
  }, PACE_MS);
}

function scan() {
  const named = new Set([...document.querySelectorAll("[data-run-line]")].map((element) => element.dataset.runLine));
  for (const run of named) {
    if (!run || watched.has(run)) continue;
    const stop = watch(`run:${run}`);
    document.addEventListener(`live:run:${run}`, tell);
    watched.set(run, () => {
      stop();
      document.removeEventListener(`live:run:${run}`, tell);
    });
  }
  for (const [run, stop] of watched) {
    if (named.has(run)) continue;
    watched.delete(run);
    stop();
  }
}

scan();
document.addEventListener("htmx:afterSettle", scan);
