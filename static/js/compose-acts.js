// What the buttons at a change do: which picks each of its sides is, and what they take the place of.
import { hasWhole, hostOf } from "./compose-host.js";
import { change, idsOf, isIn, isLetter, sides } from "./compose-tray.js";
import { baseYields } from "./compose-yield.js";

/** What a side of a change is, as picks: the variant's hunks there, or the base's text where it has none. */
function takeOf(side, other) {
  if (side.hunks.length) return [{ variant: side.letter, path: side.path, hunks: side.hunks }];
  return other.hunks.length ? [{ variant: "base", path: other.path, hunks: other.hunks }] : [];
}

export function actsOf({ left, right, between, whole }) {
  const path = sides().get("path");
  if (sides().get("left") === "base" && isLetter(right.letter)) {
    const part = whole ? { path } : { path, hunks: right.hunks };
    const take = { side: "right", label: `Take ${right.letter}`, picks: [{ variant: right.letter, ...part }] };
    const back = [{ variant: right.letter }, { variant: "base", ...part }];
    return [{ side: "left", label: "Revert", title: `All of ${right.letter} but this change`, picks: back, undo: back.slice(1) }, take];
  }
  return [["left", left, right], ["right", right, left]]
    .filter(([, side]) => isLetter(side.letter))
    .map(([where, side, other]) => {
      const picks = takeOf(side, other);
      if (picks.length) return { side: where, letter: side.letter, label: `Take ${side.letter}`, picks };
      return between ? placeOf(where, side, other, between) : wholeOf(where, side);
    });
}

/** All of a variant takes the place of its file: what goes back to the base would contradict that. */
const fileOf = ({ picks: [{ variant }, { path }] }) => idsOf([{ variant, path }]);

/** A place of a file that the base lacks: it goes into the other's file, or was in this one's all along. */
function placeOf(where, { letter }, other, between) {
  const path = sides().get("path");
  const picks = [{ variant: letter, against: other.letter, path, hunks: [between[where]] }];
  const instead = [{ variant: other.letter, against: letter, path, hunks: [between[where === "left" ? "right" : "left"]] }];
  return { side: where, label: `Take ${letter}`, picks, place: { letter, other: other.letter, path, instead } };
}

/** The base has no such file, and the other side neither, so no part of it can be taken: the file can. */
function wholeOf(where, { letter, path }) {
  const title = `The base has no such file, so it is taken whole: as ${letter} has it`;
  return { side: where, label: `Take file from ${letter}`, title, picks: [{ variant: letter, path }], whole: true };
}

export function placeSay(act) {
  const { letter, other } = act.place;
  const keys = act.side === "right" ? "p" : "P";
  return isHost(act) ? `${letter}’s file is taken: this place of it (${keys})` : `This place as ${letter} has it, in ${other}’s file (${keys})`;
}

const isHost = ({ place }) => place && hostOf([place.letter, place.other], place.path) === place.letter;
export const isOn = (act) => (isHost(act) ? !isIn(act.place.instead) : isIn(act.picks));

export const toggle = (act, rest) => change(() => toggled(act, rest));

function toggled(act, rest) {
  if (isHost(act)) {
    const { letter, path, instead } = act.place;
    const add = hasWhole(letter, path) ? [] : [{ variant: letter, path }];
    return isOn(act) ? {} : { add, remove: idsOf(instead) };
  }
  if (isIn(act.picks)) return { remove: idsOf(act.undo ?? act.picks) };
  const beside = rest.flatMap((other) => idsOf(other.undo ?? other.picks));
  const yields = act.undo ? { add: [], remove: fileOf(act) } : baseYields(act.picks);
  return { add: [...yields.add, ...act.picks.filter((pick) => !isIn([pick]))], remove: [...new Set([...beside, ...yields.remove])] };
}
