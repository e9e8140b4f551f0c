// Of two variants the host: the one whose file, or whose lines at a change, are there, so that what is taken of the other
// goes into it.
import { isWhole, picked } from "./compose-tray.js";

export const hasWhole = (letter, path) => picked().some(({ pick }) => pick.variant === letter && isWhole(pick) && (!pick.path || pick.path === path));

/** Of these variants the one whose file was taken; "" for none. */
export function hostWhole(letters, path) {
  const taken = letters.filter((letter) => hasWhole(letter, path));
  return taken.length === 1 ? taken[0] : "";
}

/** The same, or the one into whose file, wherever, something of another was put. */
export function hostOf(letters, path) {
  const into = picked().find(({ pick }) => pick.path === path && letters.includes(pick.variant) && letters.includes(pick.against));
  return into ? into.pick.against : hostWhole(letters, path);
}

/** Of two variants the one into whose lines some of the other's were put, those with these numbers; "" for none. */
export function hostByLines([left, right], path, { L, R }) {
  const isHost = (host, guest, own, beside) => {
    const { left: out, right: put } = linesOf({ letter: guest, host }, path);
    return own.some((number) => out.has(number)) || beside.some((number) => put.has(number));
  };
  if (isHost(left, right, L, R)) return left;
  return isHost(right, left, R, L) ? right : "";
}

/** The lines of that guest in that host's file that were picked so far: of the host's out, of the guest's in. */
export function linesOf({ letter, host }, path) {
  const found = picked().find(({ pick }) => pick.lines && pick.variant === letter && (pick.against ?? "") === host && pick.path === path);
  const { left = [], right = [] } = found?.pick.lines ?? {};
  return { id: found?.id, left: new Set(left), right: new Set(right) };
}
