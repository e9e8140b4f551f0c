// What is in the new variant without having been picked by itself, as all of its file or its variant is taken: a ground,
// which gives way to what is named. And what was picked, but for single lines that were chosen otherwise.
import { isOn } from "./compose-acts.js";
import { numbersOf, rowsOf } from "./compose-lines.js";
import { isIn, isWhole, picked, sides } from "./compose-tray.js";
import { isAt, meet, spanOf } from "./compose-yield.js";

const all = () => picked().map(({ pick }) => pick);
const picksAt = (paths) => all().filter(({ path }) => path && paths.has(path));
const ground = () => all().find(({ path }) => !path)?.variant;

/** With what of this variant the file came in, in words; "" for nothing. A file that is named gives a ground its place. */
function cameWith(letter, paths) {
  const files = picksAt(paths).filter(isWhole);
  if (files.some(({ variant }) => variant === letter)) return `${letter}’s file`;
  return !files.length && ground() === letter ? `all of ${letter}` : "";
}

// --- What takes the place of it ------------------------------------------------------------------

const isSame = (a, b) => a.key === b.key && a.base_start === b.base_start && a.base_lines === b.base_lines;

/** Is something else there, or may it be? `seen`: lines put into this variant's own are looked for elsewhere. In a list
 * of places `own` are its lines of the place. */
function isOverruled(pick, letter, paths, { seen = false, own = null } = {}) {
  return picksAt(paths).some((other) => {
    if (isWhole(other)) return false; // by then it is known whose file it is
    if (own && other.against === letter) return Boolean(other.hunks?.some((hunk) => meet(own, spanOf(hunk))));
    if (other.against) return !(seen && other.against === letter);
    if (other.variant === letter && other.hunks) return false;
    if (!pick.hunks) return true;
    const spans = pick.hunks.map(spanOf);
    if (other.hunks) return other.hunks.some((hunk) => spans.some((span) => meet(span, spanOf(hunk))) && (pick.variant === "base" || other.variant === "base" || !pick.hunks.some((own) => isSame(own, hunk))));
    const { left = [] } = other.lines;
    return !left.length || left.some((line) => spans.some(([start, end]) => line > start && line <= end));
  });
}

/** At a change of the comparison: did single lines of others take the place of some that the variant has there, or were put
 * beside them (`partly`), or its own that of some of the other side (`some`)? */
function linesHere(letter, bar) {
  const picks = picksAt(new Set([sides().get("path")])).filter(({ lines }) => lines);
  if (!picks.length) return { partly: false, some: false };
  const rows = numbersOf(rowsOf(bar));
  const [own, other, beside] = sides().get("left") === letter ? ["L", "R", sides().get("right")] : ["R", "L", sides().get("left")];
  const has = (side, lines = []) => lines.some((line) => rows[side].includes(line));
  return {
    partly: picks.some(({ variant, against, lines: { left, right } }) => against === letter && (has(own, left) || (variant === beside && has(other, right)))),
    some: picks.some(({ variant, against, lines: { right } }) => variant === letter && against === beside && has(own, right)),
  };
}

// --- Said at the buttons -------------------------------------------------------------------------

const titles = new WeakMap(); // by button: what it says of itself

/** `some`: of what is not in some lines are. */
function show(button, on, came, { partly, some }) {
  if (!titles.has(button)) titles.set(button, button.title);
  const taken = on ? partly && "Taken, but for single lines that were chosen otherwise." : some && "Single lines of it are taken.";
  const with_ = came && `In already${partly ? ", but for single lines" : ""}: ${came} is taken.`;
  button.setAttribute("aria-pressed", (on || came ? partly : some) ? "mixed" : on);
  button.toggleAttribute("data-came", Boolean(came) && !partly);
  button.title = [titles.get(button), taken || with_].filter(Boolean).join(". ");
}

/** Is one of these in with all of its variant, or would be but for what was picked here? */
export function isGround(picks) {
  const paths = new Set(picks.map(({ path }) => path));
  return !picksAt(paths).some(isWhole) && picks.some(({ variant }) => variant === ground());
}

/** At a change of a comparison. */
export function actShow(act, bar) {
  const on = isOn(act);
  if (act.place || act.undo) return act.button.setAttribute("aria-pressed", on); // each has its own words
  const letter = act.letter ?? act.picks[0].variant;
  show(act.button, on, on ? "" : actCame(act, letter, bar), linesHere(letter, bar));
}

function actCame({ picks: [pick] }, letter, { acts }) {
  const paths = new Set(acts.flatMap((act) => act.picks.map(({ path }) => path)).filter(Boolean));
  const came = cameWith(letter, paths);
  return came && !isOverruled(pick, letter, paths, { seen: true }) ? came : "";
}

const pathsOf = (picks) => new Set(picks.map(({ path }) => path).filter(Boolean));

/** At a file, a variant, or an option of a place; `beside` are the picks of the others of the place, `spans` its lines. */
export function formShow(button, on, picks, beside, spans) {
  const paths = pathsOf([...picks, ...beside]);
  const came = picks.filter((pick) => pick.path && pick.variant !== "base" && !isOverruled(pick, pick.variant, paths, { own: spans?.[pick.variant] }));
  const found = on ? "" : came.map(({ variant }) => cameWith(variant, paths)).find(Boolean);
  show(button, on, beside.some((pick) => isIn([pick])) ? "" : (found ?? ""), linesShow(picks.map(({ variant }) => variant), paths, spans));
}

/** Of an option of these variants: did single lines of others come into it (`partly`), or of it into others (`some`)? */
export function linesShow(letters, paths, spans) {
  const here = spans ? picksAt(paths).filter((pick) => pick.lines && isAt(pick, spans)) : [];
  return { partly: here.some(({ against }) => letters.includes(against)), some: here.some(({ variant }) => letters.includes(variant)) };
}

/** Of those into whose file a place of the base can be put, the one whose file is taken. */
export function hostTaken(letters, picks) {
  const files = picksAt(pathsOf(picks)).filter(isWhole).map(({ variant }) => variant);
  return letters.find((letter) => files.includes(letter)) ?? "";
}
