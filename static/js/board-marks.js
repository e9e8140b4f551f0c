// The marks of the board come when all variants are read and all files compared. Each request goes on with that for
// a moment and says how far it is; a page asks on until they are there, whoever else asks too.
import { answerSoon } from "./patience.js";

const AGAIN_MS = 300, STUCK_MAX = 200;
const AFTER_FAILURE_MS = 2_000, FAILURES_MAX = 30;   // a server that starts anew goes on where it was

const count = (number) => number.toLocaleString("en");
const later = (ms) => new Promise((soon) => setTimeout(soon, ms));

/** Whether they are there; `say` is told how far it is, `wanted` whether anybody still waits. */
export async function marksMake(url, { say, wanted }) {
  let stuck = 0, failures = 0, last = "";
  while (wanted() && stuck < STUCK_MAX && failures < FAILURES_MAX) {
    const step = await ask(url);
    if (step === null) return false;
    if (step === undefined) {
      failures += 1;
      await later(AFTER_FAILURE_MS);
      continue;
    }
    failures = 0;
    if (step.ready) return true;
    say(words(step));
    const now = `${step.comparing} ${step.done}`;
    stuck = now === last ? stuck + 1 : 0;
    if (stuck) await later(AGAIN_MS);   // another page is at the rest
    last = now;
  }
  return false;
}

/** What the server answers; null if it will not answer, undefined if it could not just now. */
async function ask(url) {
  try {
    const answer = await answerSoon(url, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) return answer.json;
    return answer.status >= 500 ? undefined : null;
  } catch {
    return undefined;
  }
}

function words({ comparing, done, total, letter }) {
  return comparing ? `comparing files, ${count(done)} of ${count(total)}` : `reading ${letter}, ${done + 1} of ${total}`;
}
