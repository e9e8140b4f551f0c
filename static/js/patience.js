// A server, or what stands before it, may never answer. Whatever others wait for is given up after a while, and told.
import { failureShow, followFailed, Unreachable } from "./failures.js";

const PATIENCE_MS = 60_000;

/** The whole answer of a server; where it does not come, or not to its end, that fails, saying so. */
export async function answerSoon(url, { signal, ...how } = {}) {
  const late = AbortSignal.timeout(PATIENCE_MS);
  try {
    const answer = await fetch(url, { ...how, signal: signal ? AbortSignal.any([signal, late]) : late });
    const { ok, status, redirected } = answer;
    return new Answer({ ok, status, redirected, bytes: await answer.arrayBuffer() });
  } catch (error) {
    if (late.aborted && !signal?.aborted) throw new Error("The server does not answer.");
    throw error instanceof TypeError ? new Unreachable("The server cannot be reached.") : error;
  }
}

class Answer {
  constructor(what) {
    Object.assign(this, what);
  }

  get text() {
    return new TextDecoder().decode(this.bytes);
  }

  get json() {
    return JSON.parse(this.text);
  }
}

/** As htmx.ajax, but for a server that does not answer: then it fails, and has told so. */
export async function ajaxSoon(verb, address, how) {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const giveUp = () => {
    htmx.trigger(how.source, "htmx:abort");
    failureShow("The server does not answer. Try again in a moment.", { asked: verb !== "GET" });
  };
  late.addEventListener("abort", giveUp);
  try {
    return await htmx.ajax(verb, address, how);
  } finally {
    late.removeEventListener("abort", giveUp);
  }
}

// What parts of a page ask by themselves too: until it is answered, such a part asks for nothing newer.
document.addEventListener("htmx:beforeSend", ({ detail: { xhr, requestConfig } }) => {
  if (requestConfig.verb !== "get") return; // an action may take long, and goes on
  const late = AbortSignal.timeout(PATIENCE_MS);
  const giveUp = () => {
    xhr.abort();
    followFailed(new Error("The server does not answer."));
  };
  late.addEventListener("abort", giveUp);
  xhr.addEventListener("loadend", () => late.removeEventListener("abort", giveUp));
});
