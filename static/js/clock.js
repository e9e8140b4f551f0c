// <time data-clock="41">: seconds that run on. The server says where they stand, also after every swap.
const started = new WeakMap();

/** 41:08, or 3:05:00 from an hour on; the same as the server's `clock` filter. */
export function clockText(seconds) {
  const total = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function tick() {
  const now = performance.now();
  for (const element of document.querySelectorAll("[data-clock]")) {
    if (!started.has(element)) started.set(element, now - Number(element.dataset.clock) * 1000);
    const text = clockText((now - started.get(element)) / 1000);
    if (element.textContent !== text) element.textContent = text;
  }
}

/** The moment behind "3 min ago", in the reader's own time zone. */
function momentShow(event) {
  const time = event.target.closest?.("time[datetime]");
  if (time) time.title = new Date(time.dateTime).toLocaleString();
}

tick();
setInterval(tick, 1000);
document.addEventListener("pointerover", momentShow);
document.addEventListener("htmx:afterSettle", tick);
