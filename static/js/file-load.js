// The file in view is replaced by one that the server renders. The newest wish counts: what was on its way before is put off.

import { ajaxSoon } from "./patience.js";

const file = () => document.getElementById("file");

let coming = Promise.resolve(true);

/** Once the newest one that was asked for is shown, or will not be. */
export const fileCame = () => coming;

/** Is another one on its way? */
export const fileComes = () => Boolean(file()?.matches(".htmx-request"));

/** `address` is one of the compare page. True if it is shown now; why not (put off, refused) has been told by its own event. */
export async function fileLoad(address, { show = "" } = {}) {
  const { pathname, search } = new URL(address, location.href);
  const before = file();
  if (!before) return false;
  htmx.trigger(before, "htmx:abort");
  // At once as it is to be: as long as lines settle, those with the number of an old one have its class.
  const how = { source: before, target: before, swap: `outerHTML settle:0ms${show && ` show:${show}`}` };
  coming = ajaxSoon("GET", `${pathname}/file${search}`, how).then(() => true, () => false);
  return (await coming) && file() !== before;
}
