// Fields that only some adapters have are shown with them.
const form = document.querySelector("[data-agent-form]");
const adapter = form?.elements.adapter;

function refresh() {
  const isCommand = adapter.value === "command";
  for (const field of form.querySelectorAll(".for-command")) field.hidden = !isCommand;
  for (const field of form.querySelectorAll(".for-asking")) field.hidden = isCommand; // a program asks nobody
}

if (adapter) {
  adapter.addEventListener("change", refresh);
  refresh();
}
