// The file in view is replaced by one that the server renders. The newest wish counts: what was on its way before is put off.

const file = () => document.getElementById("file");

/** Is another one on its way? */
export const fileComes = () => Boolean(file()?.matches(".htmx-request"));

/** `address` is one of the compare page. True if it is shown now; why not (put off, refused) has been told by its own event. */
export async function fileLoad(address, { show = "" } = {}) {
  const { pathname, search } = new URL(address, location.href);
  const before = file();
  if (!before) return false;
  htmx.trigger(before, "htmx:abort");
  const how = { source: before, target: before, swap: `outerHTML${show && ` show:${show}`}` };
  const isDone = htmx.ajax("GET", `${pathname}/file${search}`, how).then(() => true, () => false);
  return (await isDone) && file() !== before;
}
