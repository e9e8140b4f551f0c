// Of what is at one place one can be taken. What was picked there by other means, in a comparison or of an older state,
// gives way to it; what the same pick has elsewhere stays.
import { picked } from "./compose-tray.js";

/** Lines of the base, from 0, that a hunk is about. */
export const spanOf = ({ base_start: start, base_lines: count }) => (count ? [start - 1, start - 1 + count] : [start, start]);

/** As the server has it: an insertion at the edge of a changed range is beside it, two at one point meet. */
export function meet([start, end], [from, to]) {
  if (start === end && from === to) return start === from;
  return start < to && from < end;
}

const hasPlace = (hunk) => typeof hunk === "object";
const isWithin = (spans) => (line) => spans.some(([start, end]) => line > start && line <= end);

/** Which lines of such a pick stand at a place: `spans` has its lines by letter, and of the base. */
export function linesAt({ variant, against = "base", lines: { left = [], right = [] } }, spans) {
  const of = (letter) => isWithin(spans[letter] ? [spans[letter]] : []);
  return { left: left.filter(of(against)), right: right.filter(of(variant)) };
}

export const isAt = (pick, spans) => Object.values(linesAt(pick, spans)).some((found) => found.length > 0);

/** Without what is at these lines of the base; null if nothing is left of it. */
function hunksLess(pick, spans) {
  const hunks = pick.hunks.filter((hunk) => !hasPlace(hunk) || !spans.some((span) => meet(span, spanOf(hunk))));
  return hunks.length ? { ...pick, hunks } : null;
}

function linesLess(pick, spans) {
  const at = linesAt(pick, spans);
  const less = (side) => (pick.lines[side] ?? []).filter((line) => !at[side].includes(line));
  const lines = { left: less("left"), right: less("right") };
  return lines.left.length + lines.right.length ? { ...pick, lines } : null;
}

/** `lessOf` says what stays of a pick of these files: itself where it does not have to give way. */
function givesWay(paths, lessOf) {
  const changed = picked()
    .filter(({ pick }) => paths.has(pick.path))
    .map(({ id, pick }) => ({ id, pick, less: lessOf(pick) }))
    .filter(({ pick, less }) => JSON.stringify(less) !== JSON.stringify(pick));
  return { remove: changed.map(({ id }) => id), add: changed.map(({ less }) => less).filter(Boolean) };
}

/** At a place of the list that `letter` is taken of. */
export function placeYields(letter, paths, spans) {
  return givesWay(paths, (pick) => {
    if (pick.lines) return linesLess(pick, spans);
    return pick.hunks && !pick.against && pick.variant !== letter ? hunksLess(pick, [spans.base]) : pick;
  });
}

/** Where these hunks of variants are taken: the base. */
export function baseYields(picks) {
  if (picks.some(({ variant }) => variant === "base")) return { remove: [], add: [] };
  const spans = picks.flatMap(({ hunks = [] }) => hunks.filter(hasPlace).map(spanOf));
  return givesWay(new Set(picks.map(({ path }) => path)), (pick) => (pick.variant === "base" && pick.hunks && !pick.against ? hunksLess(pick, spans) : pick));
}
