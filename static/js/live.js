/* The one socket of a page: events of runs, and notices that something has changed.

   For htmx: the topics named in <body data-live-topics="task:12 home">, and by other elements of the page as it
   was loaded, are watched, and each change is an event `live:<topic>` on `document`. Names are taken over as they are:
       hx-trigger="live:task:12 from:document"
   <body data-live-since="{% now 'U' %}"> (optional) says when the page was rendered; then only what changed
   since is told at the start. Without it everything counts as changed once.

   For modules:
       import { follow, watch } from "./live.js";
       const stop = follow(run, after, (events) => …);   // events after `after`, in order, each once
       const stop = watch("task:12");

   While the socket is away the same endpoints are polled, and a small badge says so. A page nobody looks at
   lets go of the socket after a while and takes up where it was when it is seen again. */

import { pageReady } from "./page-ready.js";
import { answerSoon } from "./patience.js";

const FIRST_DELAY_MS = 300, LONGEST_DELAY_MS = 10_000;
const BADGE_AFTER_MS = 1_500;
const POLL_RUNS_MS = 2_000, POLL_TOPICS_MS = 5_000, POLL_LIMIT = 500;
const PACE_MS = 300;
const HIDDEN_CLOSE_MS = 60_000;
const SIGNED_OUT = 4401;

const runs = new Map();     // run id -> { last, listeners: Map(listener -> its own last) }
const topics = new Map();   // topic -> number of watchers
const paced = new Map();    // topic -> { again }, while its listeners have just been told
let socket = null, attempts = 0, reconnectTimer = 0, badgeTimer = 0, pollTimer = 0, hiddenTimer = 0;
let topicsPolled = 0, polling = false, signedOut = false, everOpen = false, subscribing = false;

export function follow(run, after, listener) {
  const known = runs.get(run);
  if (known) {
    known.listeners.set(listener, after);
    if (after < known.last) known.last = after;   // read again from there; others skip what they have
  } else {
    runs.set(run, { last: after, listeners: new Map([[listener, after]]) });
  }
  subscribeSoon();
  return () => {
    const entry = runs.get(run);
    if (!entry?.listeners.delete(listener) || entry.listeners.size) return;
    runs.delete(run);
    send({ type: "unsubscribe", runs: [run], topics: [] });
  };
}

export function watch(topic) {
  topics.set(topic, (topics.get(topic) ?? 0) + 1);
  subscribeSoon();
  return () => {
    const left = (topics.get(topic) ?? 0) - 1;
    if (left > 0) { topics.set(topic, left); return; }
    topics.delete(topic);
    send({ type: "unsubscribe", runs: [], topics: [topic] });
  };
}

/* --- the socket ---------------------------------------------------------------------------------- */

const told = new Map();     // what the open socket was told: "r:<run>" -> last, "t:<topic>" -> true

function subscribeSoon() {
  if (subscribing) return;
  subscribing = true;
  pageReady.then(() => {
    subscribing = false;
    if (isOpen()) subscribe();
    else if (!socket && !reconnectTimer) connect();
  });
}

function subscribe(since) {
  const frame = { type: "subscribe", runs: {}, topics: [] };
  for (const [run, entry] of runs) {
    // Told before and no step back since: the socket goes on by itself.
    if (told.has(`r:${run}`) && told.get(`r:${run}`) <= entry.last) continue;
    frame.runs[run] = entry.last;
    told.set(`r:${run}`, entry.last);
  }
  for (const topic of topics.keys()) {
    if (told.has(`t:${topic}`)) continue;
    frame.topics.push(topic);
    told.set(`t:${topic}`, true);
  }
  if (since) frame.since = since;
  if (frame.topics.length || Object.keys(frame.runs).length) send(frame);
}

function connect() {
  reconnectTimer = 0;
  if (socket || signedOut || document.hidden || !(runs.size || topics.size)) return;
  const url = new URL("/ws/live", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const fresh = socket = new WebSocket(url);
  fresh.onopen = () => {
    told.clear();
    subscribe(everOpen ? undefined : Number(document.body.dataset.liveSince) || undefined);
    everOpen = true;
  };
  fresh.onmessage = (message) => {
    if (socket !== fresh) return;
    attempts = 0;
    settled();
    const frame = JSON.parse(message.data);
    if (frame.type === "events") take(frame.run, frame.events);
    else if (frame.type === "changed") tell(frame.topic);
  };
  fresh.onclose = (close) => {
    if (socket !== fresh) return;
    socket = null;
    told.clear();
    if (close.code === SIGNED_OUT) leave();
    else if (!document.hidden) lost();
  };
}

function isOpen() { return socket?.readyState === WebSocket.OPEN; }

function send(frame) {
  if (!isOpen()) return;
  for (const run of frame.type === "unsubscribe" ? frame.runs : []) told.delete(`r:${run}`);
  for (const topic of frame.type === "unsubscribe" ? frame.topics : []) told.delete(`t:${topic}`);
  socket.send(JSON.stringify(frame));
}

/* The socket works again. */
function settled() {
  clearTimeout(badgeTimer);
  clearTimeout(pollTimer);
  badgeTimer = pollTimer = 0;
  badge("");
}

function lost() {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** attempts++, LONGEST_DELAY_MS);
  reconnectTimer ||= setTimeout(connect, delay * (0.5 + Math.random()));
  badgeTimer ||= setTimeout(() => badge("Reconnecting…"), BADGE_AFTER_MS);
  pollTimer ||= setTimeout(poll, POLL_RUNS_MS);
}

function leave() {
  signedOut = true;
  clearTimeout(reconnectTimer);
  settled();
  badge("You are signed out. Reload the page to sign in again.");
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(() => {
      clearTimeout(reconnectTimer);
      clearTimeout(pollTimer);
      reconnectTimer = pollTimer = 0;
      const left = socket;
      socket = null;
      told.clear();
      left?.close();
    }, HIDDEN_CLOSE_MS);
  } else if (!socket) {
    clearTimeout(reconnectTimer);
    attempts = 0;
    pageReady.then(connect);
  }
});
addEventListener("online", () => {
  if (socket || document.hidden) return;
  clearTimeout(reconnectTimer);
  pageReady.then(connect);
});
addEventListener("pageshow", (event) => { if (event.persisted && !socket) connect(); });

/* --- what comes in ------------------------------------------------------------------------------- */

function take(run, events) {
  const entry = runs.get(run);
  if (!entry || !events.length) return;
  const fresh = events.filter((event) => event.seq > entry.last);
  if (!fresh.length) return;
  if (fresh[0].seq !== entry.last + 1) {   // something is missing: ask again from where we are
    told.delete(`r:${run}`);
    subscribeSoon();
    return;
  }
  entry.last = fresh.at(-1).seq;
  for (const [listener, last] of [...entry.listeners]) {
    const wanted = fresh[0].seq > last ? fresh : fresh.filter((event) => event.seq > last);
    if (!wanted.length) continue;
    entry.listeners.set(listener, wanted.at(-1).seq);
    try { listener(wanted); } catch (error) { reportError(error); }
  }
}

/** Listeners hear of a change at once, then at most every PACE_MS, and always of the last one. */
function tell(topic) {
  if (!topics.has(topic)) return;
  const waiting = paced.get(topic);
  if (waiting) { waiting.again = true; return; }
  const entry = { again: false };
  paced.set(topic, entry);
  setTimeout(() => {
    paced.delete(topic);
    if (entry.again) tell(topic);
  }, PACE_MS);
  document.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: { topic } }));
}

/* --- without the socket -------------------------------------------------------------------------- */

async function poll() {
  pollTimer = 0;
  if (isOpen() || polling || signedOut || document.hidden) return;
  polling = true;
  try {
    for (const [run, entry] of [...runs]) {
      for (let more = true; more && runs.get(run) === entry && !isOpen();) {
        const answer = await answerSoon(`/api/v1/runs/${run}/events?after=${entry.last}&limit=${POLL_LIMIT}`,
          { headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (answer.status === 401) { leave(); return; }
        if (!answer.ok) break;
        const page = answer.json;
        const before = entry.last;
        take(run, page.events);
        more = entry.last > before && !page.ended;
      }
    }
    if (Date.now() - topicsPolled >= POLL_TOPICS_MS) {
      topicsPolled = Date.now();
      for (const topic of topics.keys()) tell(topic);
    }
  } catch {
    // The server is not there: the badge says so, and the next round tries again.
  } finally {
    polling = false;
    if (!isOpen() && !signedOut && !document.hidden) pollTimer ||= setTimeout(poll, POLL_RUNS_MS);
  }
}

/* --- the badge ----------------------------------------------------------------------------------- */

let badgeNode = null;

function badge(text) {
  if (!badgeNode) {
    if (!text) return;
    badgeNode = document.createElement("p");
    badgeNode.className = "tag wait live-badge";
    badgeNode.setAttribute("role", "status");
    Object.assign(badgeNode.style,
      { position: "fixed", left: "12px", bottom: "12px", zIndex: "60", pointerEvents: "none", height: "24px", boxShadow: "var(--shadow-2)" });
    document.body.append(badgeNode);
  }
  badgeNode.textContent = text;
  badgeNode.hidden = !text;
  badgeNode.style.display = text ? "" : "none";
}

for (const { dataset } of document.querySelectorAll("[data-live-topics]")) {
  for (const topic of dataset.liveTopics.split(/\s+/)) if (topic) watch(topic);
}
