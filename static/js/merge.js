// A link to a merge page opens it in a dialog; without this module it stays a link.
const ADDRESS = /^\/tasks\/\d+\/merge\/[A-Z]$/;

function plain(event) {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

function dialogGet() {
  let dialog = document.querySelector("dialog.mergedialog");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.className = "mergedialog";
    dialog.setAttribute("aria-labelledby", "merge-title");
    dialog.addEventListener("close", () => dialog.replaceChildren());
    document.body.append(dialog);
  }
  return dialog;
}

async function open(link) {
  const dialog = dialogGet();
  await window.htmx.ajax("GET", link.pathname, { source: dialog, target: dialog, swap: "innerHTML" });
  if (!dialog.firstElementChild) {
    return; // refused: the page says why
  }
  if (!dialog.open) {
    dialog.showModal();
    beginAt(dialog.querySelector("[name=strategy]:checked") ?? dialog.querySelector("#merge-title"));
  }
}

/** Where a dialog begins: at its first choice or its words, not at the button that closes it. */
function beginAt(part) {
  if (part?.localName === "h1") part.tabIndex = -1;
  part?.focus({ preventScroll: true });
}

// The button that was pressed is gone, or cannot be pressed any more: what came of it is heard next.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  const title = target.closest("dialog.mergedialog[open], .mergepage")?.querySelector("#merge-title");
  if (!title || target.closest(".mergedialog, .mergepage").contains(document.activeElement)) return;
  beginAt(title);
});

// A choice that has the focus is no wish to merge: Enter leads to the button that says so.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("#merge [type=radio]")) return;
  event.preventDefault();
  event.target.form.querySelector("button.go").focus();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !plain(event)) {
    return;
  }
  const dialog = link.closest("dialog.mergedialog");
  if (dialog && "close" in link.dataset) {
    event.preventDefault();
    dialog.close();
  } else if (!dialog && link.origin === location.origin && ADDRESS.test(link.pathname)
             && !document.querySelector(".mergepage")) {
    event.preventDefault();
    open(link);
  }
});
