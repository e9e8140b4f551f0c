// Laying a newer list of places over the one that is shown: what is the same stays the same element, and what the
// reader looks at stays where it is in the window.
const TOP_PX = 48; // the bar that stays at the top of every page
const FRESH_MS = 90_000;
const FRAMES_MAX = 30;
const QUIET_FRAMES = 4;
const UNTOLD = "[name=csrfmiddlewaretoken], [name=next]"; // another one in every answer

const isBox = (part) => part.matches(".places-in, .kind, .placefile");
const filePath = (place) => place.closest(".placefile").dataset.path;

/** How a place is named to the server, which knows the page that it is on by now. */
export const placeName = (place) => `${place.dataset.key} ${filePath(place)}`;

/** Parts by a name that they have again in the next answer; of several alike, the first is the first. */
function named(parts, nameOf) {
  const count = new Map();
  return parts.map((part) => {
    const name = nameOf(part);
    count.set(name, (count.get(name) ?? 0) + 1);
    return [`${name} ${count.get(name)}`, part];
  });
}

const childrenOf = (box) => named([...box.children], ({ dataset, localName, className }) => dataset.key ?? dataset.path ?? `${localName} ${className}`);
const placesOf = (list) => named([...list.querySelectorAll(".place")], placeName);

// --- Laying --------------------------------------------------------------------------------------

/** What each part was printed from: scripts change it afterwards. */
export function sourcesNote(box) {
  for (const part of box.children) {
    if (isBox(part)) sourcesNote(part);
    else part.source = sourceOf(part);
  }
}

function sourceOf(part) {
  const copy = part.cloneNode(true);
  for (const field of copy.querySelectorAll(UNTOLD)) field.remove();
  delete copy.dataset.place; // its number among all
  return copy.outerHTML;
}

/** Returns the places that are new or have changed. */
export function placesLay(shown, next) {
  for (const name of ["data-here", "data-version"]) shown.setAttribute(name, next.getAttribute(name));
  const changed = [];
  boxLay(shown, next, changed);
  for (const place of changed) freshMark(place);
  return changed;
}

function boxLay(shown, next, changed) {
  const known = new Map(childrenOf(shown));
  const wanted = childrenOf(next);
  for (const [name] of wanted) known.delete(name);
  for (const gone of known.values()) gone.remove();
  const stay = new Map(childrenOf(shown));
  let last = null;
  for (const [name, part] of wanted) {
    const here = partLay(stay.get(name), part, changed);
    const place = last ? last.nextElementSibling : shown.firstElementChild;
    if (here !== place) shown.insertBefore(here, place);
    last = here;
  }
}

function partLay(shown, next, changed) {
  if (shown && isBox(shown)) {
    boxLay(shown, next, changed);
    return shown;
  }
  if (shown && shown.source === next.source) {
    if (next.dataset.place) shown.dataset.place = next.dataset.place;
    return shown;
  }
  changed.push(...(next.matches(".place") ? [next] : next.querySelectorAll(".place")));
  if (shown?.hasAttribute("data-now")) next.dataset.now = "";
  shown?.replaceWith(next);
  return next;
}

/** Marked for a while: changed just now. */
function freshMark(place) {
  place.classList.add("fresh");
  setTimeout(() => place.classList.remove("fresh"), FRESH_MS);
}

// --- What must not move --------------------------------------------------------------------------

const topOf = (part) => part.getBoundingClientRect().top;
const isInSight = (part) => topOf(part) < innerHeight && part.getBoundingClientRect().bottom > TOP_PX;
const letterOf = (option) => option.querySelector("[data-letters]")?.dataset.letters[0] ?? "";

/** Where the place is that one is at, or else the first in sight, and all that follows: should it go, the next one stays. */
export function placesHold(list) {
  const names = new Map(placesOf(list).map(([name, place]) => [place, name]));
  const parts = [...list.querySelectorAll(".place, .option")];
  const focused = document.activeElement.closest(".place");
  const begins = (part) => (part.matches(".place") ? topOf(part) >= TOP_PX : isInSight(part));
  const at = focused && names.has(focused) && isInSight(focused) ? parts.indexOf(focused) : parts.findIndex(begins);
  if (at < 0 || topOf(parts[at]) >= innerHeight) return null;
  return parts.slice(at).map((part) => {
    const place = part.closest(".place");
    return { place, name: names.get(place), letter: part === place ? null : letterOf(part), top: topOf(part) };
  });
}

export function placesRestore(list, held) {
  if (!held) return;
  const places = new Map(placesOf(list));
  const partOf = ({ name, letter }) => {
    const place = places.get(name);
    return letter === null ? place : [...(place?.querySelectorAll(".option") ?? [])].find((option) => letterOf(option) === letter);
  };
  const mark = held.find(partOf);
  if (mark) stay(() => partOf(mark), mark.top);
}

let staying = new AbortController();

/** Places out of sight had an estimated height: it stays until nothing moves any more, or the reader does. */
function stay(partOf, top) {
  staying.abort();
  const { signal } = (staying = new AbortController());
  for (const name of ["wheel", "touchmove", "pointerdown", "keydown"]) addEventListener(name, () => staying.abort(), { once: true, passive: true, capture: true, signal });
  let frames = FRAMES_MAX;
  let quiet = 0;
  const back = () => {
    const part = partOf();
    if (signal.aborted || !part) return;
    const moved = topOf(part) - top;
    if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: "instant" });
    quiet = Math.abs(moved) >= 1 ? 0 : quiet + 1;
    frames -= 1;
    if (frames && quiet < QUIET_FRAMES) requestAnimationFrame(back);
    else staying.abort();
  };
  back();
}

/** What has the focus, as the next list has it too. */
export function focusRead(list) {
  const active = document.activeElement;
  if (!list.contains(active)) return null;
  const place = active.closest(".place");
  const places = placesOf(list);
  const index = places.findIndex(([, one]) => one === place);
  const names = places.map(([name]) => name);
  const { letters } = active.dataset;
  const part = letters ? `[data-letters="${letters}"]` : "open" in active.dataset ? "[data-open]" : null;
  return { active, id: active.id, names: place ? [...names.slice(index), ...names.slice(0, index).reverse()] : [], part };
}

/** The focus is where it was; where that place is gone, at the next one, or else at the one before. */
export function focusRestore(list, focus) {
  if (!focus || document.activeElement === focus.active) return;
  const places = new Map(placesOf(list));
  const name = focus.names.find((one) => places.has(one));
  const place = places.get(name);
  const same = focus.id && document.getElementById(focus.id);
  const part = name === focus.names[0] && focus.part && place?.querySelector(focus.part);
  (same || part || place || list).focus({ preventScroll: true });
}
