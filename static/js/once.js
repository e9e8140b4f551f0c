// A form that makes something new has a name: the server saves it once, however often it is sent. It is kept with what is
// written in it, and another one is due when that was sent or taken back.

/** What a request without an answer may have saved already has the same name when it is sent again. */
export function onceName(form) {
  const field = form.elements.once;
  if (!field || field.value) return;
  field.value = uuid();
  form.dispatchEvent(new CustomEvent("kept-change", { bubbles: true }));
}

/** `crypto.randomUUID` is there over HTTPS only. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

document.addEventListener("reset", ({ target }) => target.elements.once && (target.elements.once.value = ""));
