// Dialogs: opened by links that lead to the same thing as a page, and asked before what cannot be taken back.

/** Shows the dialog with this id; true if there is one. */
export function dialogOpen(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) return false;
  if (!dialog.open) dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("opened"));
  return true;
}

function node(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Asks a question; the promise says whether the answer was yes. */
function confirmAsk(question, yes) {
  const stay = node("button", { className: "btn", value: "no", textContent: "Cancel", autofocus: true });
  const go = node("button", { className: "btn go", value: "yes", textContent: yes });
  const body = node("div", { className: "dialog-body" }, node("p", { textContent: question }));
  const foot = node("form", { className: "dialog-foot", method: "dialog" }, stay, go);
  const dialog = node("dialog", { className: "dialog confirm" }, body, foot);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

const confirmed = new WeakSet();

document.addEventListener(
  "submit",
  async (event) => {
    const { submitter, target: form } = event;
    if (!submitter?.dataset.confirm || confirmed.delete(submitter)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await confirmAsk(submitter.dataset.confirm, submitter.textContent.trim())) {
      confirmed.add(submitter);
      form.requestSubmit(submitter);
    }
  },
  true,
);

document.addEventListener("click", (event) => {
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const opener = event.target.closest("[data-dialog]");
  const menu = opener?.closest("details");
  if (menu && plain) menu.querySelector("summary").focus(); // where the focus comes back to: the menu closes
  if (opener && plain && dialogOpen(opener.dataset.dialog)) {
    event.preventDefault();
    menu?.removeAttribute("open");
  }
  if (event.target instanceof HTMLDialogElement) event.target.close(); // the backdrop
  event.target.closest("[data-dismiss]")?.closest(".notice").remove();
  const empties = event.target.closest("[data-empty]");
  if (empties) document.querySelector(empties.dataset.empty)?.replaceChildren();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  if (menu.contains(event.target)) menu.querySelector("summary").focus();
});
