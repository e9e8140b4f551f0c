// A button with data-copy copies that text, and says so until it is left.

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (!copy) return;
  await navigator.clipboard?.writeText(copy.dataset.copy);
  const name = copy.getAttribute("aria-label");
  copy.setAttribute("aria-label", "Copied");
  copy.dataset.copied = "";
  copy.addEventListener("pointerleave", () => restore(copy, name), { once: true });
  copy.addEventListener("blur", () => restore(copy, name), { once: true });
});

function restore(copy, name) {
  copy.setAttribute("aria-label", name);
  delete copy.dataset.copied;
}
