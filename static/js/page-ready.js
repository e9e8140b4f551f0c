// A module script runs as soon as its own imports are there, and what it asked for may come before the next one has.
// What tells other modules waits for this: an event that nobody hears yet is lost.

const PATIENCE_MS = 60_000; // for a script that never comes

/** Once all modules of the page have run. */
export const pageReady = new Promise((done) => {
  setTimeout(done, PATIENCE_MS);
  if (document.readyState === "complete") done();
  for (const event of ["DOMContentLoaded", "load"]) addEventListener(event, () => done(), { once: true });
});
