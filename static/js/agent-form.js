// Fields that only some adapters have are shown with them.
const form = document.querySelector("[data-agent-form]");
const adapter = form?.elements.adapter;

function refresh() {
  for (const field of form.querySelectorAll(".for-command")) field.hidden = adapter.value !== "command";
}

if (adapter) {
  adapter.addEventListener("change", refresh);
  refresh();
}
