/* One tool call with what came of it: a line that can be unfolded. What is inside is made when it is opened. */

import { ansiAppend, ansiPlain } from "./ansi.js";
import { h, icon } from "./dom.js";
import { editCounts, editView } from "./edits.js";

const ICONS = { edit: "edit", read: "eye", execute: "shell", search: "search", fetch: "globe", question: "say" };
const WORDS = { edit: "Edit", read: "Read", execute: "Run", search: "Search", fetch: "Fetch", question: "Question" };
const OUTPUT_SHOWN = 120, OUTPUT_SPARED = 20;   // lines; a few more than shown are not worth a button
const INPUT_CHARS = 4_000;

export class Tool {
  /** `call` may be null: its beginning is further up than what is shown. */
  constructor(call, fetchWhole) {
    this.call = call;
    this.result = null;
    this.stopped = false;
    this.fetchWhole = fetchWhole;
    this.summary = h("summary");
    this.node = h("details.tool", null, this.summary);
    this.node.addEventListener("toggle", () => this.fill());
    this.head();
  }

  update(result) {
    this.result = result;
    // A command that failed is what one wants to see; the rest stays folded.
    if (result.status === "failed" && result.category === "execute") this.node.open = true;
    this.head();
    this.body?.remove();
    this.body = null;
    this.fill();
  }

  /** The run is over and no result came. */
  end() {
    if (this.result || this.stopped) return;
    this.stopped = true;
    this.head();
  }

  get category() { return this.call?.category ?? this.result?.category ?? "other"; }

  head() {
    const { call, result } = this;
    const title = ansiPlain(call?.title || call?.tool || "Result of an earlier call").replace(/\s*\n\s*/g, " ");
    const word = WORDS[this.category] ?? call?.tool ?? "Tool";
    this.summary.replaceChildren(icon(ICONS[this.category] ?? "box"), h("span.vh", null, `${word}: `),
      h("span.cmd.cut", { title: title.length > 40 ? title : null }, title), h("span.push"), ...this.outcome());
    this.node.classList.toggle("failed", result?.status === "failed");
  }

  outcome() {
    const { call, result } = this;
    const parts = [];
    if (call?.edits?.length) {
      this.counts ??= editCounts(call.edits);
      if (this.counts.plus) parts.push(h("span.plus", null, `+${this.counts.plus}`));
      if (this.counts.minus) parts.push(h("span.minus", null, `−${this.counts.minus}`));
    }
    if (!result) {
      parts.push(this.stopped ? h("span.quiet", null, "no result") : h("span.st.busy", null, icon("run", "spin"), h("span.vh", null, "running")));
    } else if (result.status === "failed") {
      parts.push(h("span.st.bad", null, Number.isInteger(result.exit_code) ? `exit ${result.exit_code}` : "failed"));
    } else if (!parts.length) {
      const lines = lineCount(result.output);
      parts.push(h("span.quiet", null, lines ? `${lines} line${lines === 1 ? "" : "s"}` : "done"));
    }
    return parts;
  }

  fill() {
    if (!this.node.open || this.body) return;
    const { call, result } = this;
    this.body = h("div.tool-in");
    if (call) this.body.append(...inputs(call));
    for (const edit of call?.edits ?? []) {
      if (call.edits.length > 1 || edit.path !== call.title) this.body.append(h("p.tool-path.mono", null, edit.path));
      this.body.append(editView(edit));
    }
    const said = result?.output ?? "";
    if (said && !(call?.edits?.length && result.status === "completed")) this.body.append(output(said));
    for (const event of [call, result]) {
      if (event?.truncated) this.body.append(wholeButton(() => this.whole(event)));
    }
    if (!this.body.childNodes.length) this.body.append(h("p.tool-note", null, result ? "It said nothing." : "No result yet."));
    this.node.append(this.body);
  }

  async whole(event) {
    const full = await this.fetchWhole(event.seq);
    if (event === this.call) { this.call = full; this.counts = undefined; } else this.result = full;
    this.head();
    this.body?.remove();
    this.body = null;
    this.fill();
  }
}

/** A button that loads the rest of an event; it says so when that does not work. */
export function wholeButton(load) {
  const button = h("button.more", { type: "button" }, "Shortened here. Load all of it");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await load();
      button.remove();
    } catch {
      button.disabled = false;
      button.textContent = "It could not be loaded. Try again";
    }
  });
  return button;
}

/** Terminal text; of a long one the end, the rest behind a button. */
export function output(text) {
  const lines = text.replace(/\n$/, "").split("\n");
  const pre = h("pre.term", { tabindex: 0 });
  if (lines.length <= OUTPUT_SHOWN + OUTPUT_SPARED) return ansiAppend(pre, lines.join("\n"));
  const hidden = lines.length - OUTPUT_SHOWN;
  const more = h("button.more", { type: "button" }, `Show ${hidden} earlier lines`);
  more.addEventListener("click", () => { more.remove(); pre.replaceChildren(); ansiAppend(pre, lines.join("\n")); });
  ansiAppend(pre, lines.slice(-OUTPUT_SHOWN).join("\n"));
  const both = document.createDocumentFragment();
  both.append(more, pre);
  return both;
}

function inputs(call) {
  const shown = [];
  for (const [name, value] of Object.entries(call.input ?? {})) {
    const text = ansiPlain(typeof value === "string" ? value : JSON.stringify(value) ?? "");
    if (!text || text === call.title || (call.edits?.length && call.edits.some((edit) => edit.path === text))) continue;
    const short = text.length > INPUT_CHARS ? `${text.slice(0, INPUT_CHARS)}…` : text;
    shown.push(h("div.tool-arg", null, h("span.label", null, name), h("span.mono", null, short)));
  }
  return shown;
}

function lineCount(text) {
  return text ? text.replace(/\n$/, "").split("\n").length : 0;
}
