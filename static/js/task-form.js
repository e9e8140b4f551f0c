// New task: rows come and go, and the card says what will start. The server says the same when it is asked.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const form = document.getElementById("task-form");

const node = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
const chip = (letter) => node("span", `v v-${letter.toLowerCase()} ch`, letter);
const field = (row, name) => row.querySelector(`[name$="-${name}"]`);

function rowFacts(row, max) {
  const count = Number.parseInt(field(row, "count").value, 10);
  const agent = field(row, "agent").value;
  return {
    row,
    agent,
    count: Number.isNaN(count) ? 1 : Math.min(Math.max(count, 1), max),
    model: field(row, "model").value.trim(),
    strategy: field(row, "strategy").value.trim(),
  };
}

function whenText(total, free) {
  if (total <= free) return total > 1 ? "All start at once." : "It starts at once.";
  if (!free) return "All slots are taken: they wait until one is free.";
  return `${free} start${free === 1 ? "s" : ""} at once, the others as slots come free.`;
}

function estRow(letter, facts, models) {
  const line = node("li", `est v v-${letter.toLowerCase()}`);
  const agent = node("span", "cut", `${facts.agent} `);
  const model = facts.model || models[facts.agent];
  if (model) agent.append(node("span", "soft", model));
  line.append(node("span", "rail"), chip(letter), agent, node("span", "cut quiet", facts.strategy));
  return line;
}

function refresh() {
  const card = document.getElementById("start-card");
  const max = Number(card.dataset.max);
  const models = JSON.parse(card.dataset.models);
  const demo = JSON.parse(card.dataset.demo);
  const rows = [...form.querySelectorAll("[data-row]")].map((row) => rowFacts(row, max));
  const lines = [];
  let at = 0;
  for (const facts of rows) {
    const letters = [...LETTERS.slice(at, Math.min(at + facts.count, max))];
    at += facts.count;
    facts.row.querySelector("[data-rails]").replaceChildren(...letters.map((l) => node("span", `v v-${l.toLowerCase()} rail`)));
    facts.row.querySelector("[data-chips]").replaceChildren(...letters.map(chip));
    field(facts.row, "model").placeholder = models[facts.agent] || "its default";
    lines.push(...letters.map((letter) => estRow(letter, facts, models)));
  }
  const agents = at === 1 ? "1 agent" : `${at} agents`;
  document.getElementById("start-list").replaceChildren(...lines);
  document.getElementById("start-sum").textContent = at > max ? `${agents}: at most ${max}` : agents;
  document.getElementById("start-when").textContent = whenText(at, Number(card.dataset.free));
  document.getElementById("start-demo").hidden = !rows.some((facts) => demo.includes(facts.agent));
  for (const problem of document.querySelectorAll("#agent-problems [data-agent]")) {
    problem.hidden = !rows.some((facts) => facts.agent === problem.dataset.agent);
  }
  document.getElementById("start").textContent = `Start ${agents}`;
}

function rowAdd() {
  const total = form.querySelector('[name="rows-TOTAL_FORMS"]');
  const html = document.getElementById("row-template").innerHTML.replaceAll("__prefix__", total.value);
  const holder = document.createElement("template");
  holder.innerHTML = html; // our own markup, with a number in it
  const rows = document.getElementById("rows");
  rows.append(holder.content);
  total.value = Number(total.value) + 1;
  refresh();
  field(rows.lastElementChild, "agent").focus();
}

/** A removed row stays in the form, marked, so that the numbers of the others hold. */
function rowDrop(row) {
  field(row, "DELETE").checked = true;
  row.removeAttribute("data-row");
  row.hidden = true;
  refresh();
  form.querySelector("[data-add-row]").focus();
}

function words() {
  const text = form.elements.spec.value.trim();
  const count = text ? text.split(/\s+/).length : 0;
  document.getElementById("spec-words").textContent = count ? `${count.toLocaleString("en")} word${count === 1 ? "" : "s"} · ` : "";
}

function specShow(mode) {
  for (const button of form.querySelectorAll("[data-spec]")) {
    button.setAttribute("aria-pressed", String(button.dataset.spec === mode));
  }
  form.elements.spec.hidden = mode === "preview";
  document.getElementById("spec-preview").hidden = mode !== "preview";
  if (mode === "write") form.elements.spec.focus();
}

if (form) {
  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-add-row]")) {
      event.preventDefault();
      rowAdd();
    }
    const drop = event.target.closest("[data-drop-row]");
    if (drop) rowDrop(drop.closest("[data-row]"));
    const spec = event.target.closest("[data-spec]");
    if (spec) specShow(spec.dataset.spec);
  });
  form.addEventListener("input", (event) => {
    if (event.target.closest("[data-row]")) refresh();
    if (event.target.name === "spec") words();
  });
  document.getElementById("agent-problems").addEventListener("htmx:afterSettle", refresh);
  // Enter in a line would press the first button of the form. What starts agents is said with Ctrl.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input") && !event.ctrlKey && !event.metaKey) event.preventDefault();
  });
  // A title is one line; Enter goes on to the spec.
  form.elements.title.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      form.elements.spec.focus();
    }
  });
  form.addEventListener("submit", () => document.getElementById("start").setAttribute("aria-busy", "true"));
  if (!document.getElementById("spec-preview").hidden) specShow("preview");
  refresh();
  words();
  if (!form.elements.title.value) form.elements.title.focus();
  form.querySelector(".wrong input, .wrong textarea, .wrong select, [aria-invalid=true]")?.focus();
}
