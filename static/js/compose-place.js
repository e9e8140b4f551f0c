// In the list of places, a place of a file that the base lacks: what one variant has there goes into the file of another,
// whose own option is its file. Which hunks that takes is asked of the server once somebody wants to know.
import { hasWhole, hostOf } from "./compose-host.js";
import { change, idsOf, isIn, picked, settled } from "./compose-tray.js";
import { keySay } from "./key-says.js";
import { answerSoon } from "./patience.js";

let known = new Map(); // by what was asked: the picks, or null as long as they are on their way

document.addEventListener("places:read", () => (known = new Map()));

const placeOf = (form) => form.closest("[data-new]");
const lettersOf = (form) => form.querySelector("[data-letters]").dataset.letters;
const formsOf = (form) => [...placeOf(form).querySelectorAll("form[data-take]")];
const besides = (form) => formsOf(form).filter((other) => other !== form);
const toldOf = (form) => JSON.parse(placeOf(form).dataset.new);

/** Is it such a place, so that more than the file can be had? */
export const isPlace = (form) => Boolean(placeOf(form));

/** Into whose file it goes: the one that is taken, else that of the first option. */
const hostAt = (form) => hostOf(toldOf(form).hosts, toldOf(form).path) || lettersOf(formsOf(form)[0])[0];
const isHost = (form, host) => lettersOf(form).includes(host);

/** What is taken of other variants into the host's file, wherever. */
const guests = (form, host) => picked().filter(({ pick }) => pick.path === toldOf(form).path && pick.against === host);

// --- Which hunks it is ---------------------------------------------------------------------------

function address(form, host) {
  const { path } = toldOf(form);
  const spans = JSON.parse(placeOf(form).dataset.spans);
  const variant = lettersOf(form)[0];
  const [start, end] = spans[variant];
  const query = new URLSearchParams({ variant, against: host, path, start, end });
  if (spans[host]) query.set("against_start", spans[host][0]);
  if (spans[host]) query.set("against_end", spans[host][1]);
  return `${form.closest("place-list").dataset.picks}?${query}`;
}

const picksOf = (form, host) => (isHost(form, host) ? [] : (known.get(address(form, host)) ?? []));

async function picksRead(form, host) {
  const url = address(form, host);
  if (isHost(form, host) || known.has(url)) return;
  const asked = known;
  asked.set(url, null);
  try {
    const answer = await answerSoon(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    asked.set(url, answer.json.picks);
  } catch (error) {
    asked.delete(url);
    throw error;
  }
}

// --- What is taken -------------------------------------------------------------------------------

/** Once it is known of all that may be meant by what is in the tray; until then not. */
export function placeTaken(form) {
  const host = hostAt(form);
  const letters = guests(form, host).map(({ pick }) => pick.variant);
  const unknown = formsOf(form).filter((one) => letters.some((letter) => lettersOf(one).includes(letter)) && !isHost(one, host) && !known.has(address(one, host)));
  if (unknown.length) {
    Promise.all(unknown.map((one) => picksRead(one, host))).then(() => document.dispatchEvent(new CustomEvent("places:known")), () => {}); // who takes it is told
    return form.querySelector("button").getAttribute("aria-pressed") !== "false";
  }
  if (!isHost(form, host)) return isIn(picksOf(form, host));
  const isThere = hasWhole(host, toldOf(form).path) || letters.length > 0;
  return isThere && !besides(form).some((other) => isIn(picksOf(other, host)));
}

/** The button says whether it takes the file, or into whose it puts this place. */
export function placeSay(form) {
  const host = hostAt(form);
  const button = form.querySelector("button");
  const letter = button.dataset.letters[0];
  const isFile = isHost(form, host);
  button.querySelector(".what").textContent = isFile ? " file" : ` into ${host}`;
  button.title = isFile ? `Put this file as ${host} has it into a new variant` : `Put this place as ${letter} has it into ${host}’s file, in a new variant`;
}

let turn = Promise.resolve(); // one after the other: each depends on what is taken by then

export const placeTake = (form) => (turn = turn.then(() => take(form)));

async function take(form) {
  await settled(); // what is taken decides into whose file it goes
  const host = hostAt(form);
  try {
    await Promise.all(formsOf(form).map((one) => picksRead(one, host)));
  } catch (error) {
    keySay(`This place could not be read. ${error.message}`);
    return;
  }
  await change(() => (hostAt(form) === host ? toggled(form, host) : {})).catch(() => {}); // what failed has told so
}

function toggled(form, host) {
  const beside = besides(form).flatMap((other) => idsOf(picksOf(other, host)));
  if (isHost(form, host)) return fileToggled(form, host, beside);
  const own = picksOf(form, host);
  return isIn(own) ? { remove: idsOf(own) } : { add: own.filter((pick) => !isIn([pick])), remove: beside };
}

/** The host's file has its own lines there, unless others were put in. */
function fileToggled(form, host, beside) {
  const { path } = toldOf(form);
  const file = [{ variant: host, path }];
  const others = guests(form, host).length - beside.length;
  if (beside.length) return { remove: beside, add: others || hasWhole(host, path) ? [] : file };
  if (others) {
    keySay(`${host}’s file is what the others go into: it has this place as it is.`);
    return {};
  }
  return isIn(file) ? { remove: idsOf(file) } : { add: hasWhole(host, path) ? [] : file };
}
