/* Events of one run to rows of its transcript. Events must come in order; what belongs together (a call and its
   result, a question and its answer, lines of output) becomes one row. */

import { ansiAppend, ansiPlain, plainStyle } from "./ansi.js";
import { h, icon } from "./dom.js";
import { prose } from "./prose.js";
import { Tool, wholeButton } from "./transcript-tool.js";

const GROUP_LINES = 300;        // lines of plain output in one row
const THOUGHT_SHORT = 180;      // characters that need no folding
const TIME = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const EXACT = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });
const NUMBER = new Intl.NumberFormat("en");
const ENDS = {
  succeeded: ["ok", "check", "Finished"], failed: ["bad", "x", "Failed"], stopped: ["", "stop", "Stopped"],
  timed_out: ["bad", "clock", "Out of time"], lost: ["bad", "lost", "Lost"],
};

export class Rows {
  /** `fetchWhole(seq)` gets an event that was cut; `announce(text)` is for what must be heard. */
  constructor({ fetchWhole, announce }) {
    this.list = document.createDocumentFragment();   // where rows go; the element takes it over
    this.fetchWhole = fetchWhole;
    this.announce = announce ?? (() => {});
    this.calls = new Map();    // call id -> Tool
    this.asks = new Map();     // request id -> ask row
    this.group = null;         // the row that the next event may belong to
    this.minute = "";
    this.lines = 0;            // in all rows: of output as many as were printed, of anything else one a row
  }

  add(event) {
    const make = this[`on_${event.kind}`];
    if (make) make.call(this, event);
    else this.on_raw({ ...event, text: JSON.stringify(event) });
  }

  /** Rows that came before: results here go to the calls there. */
  adopt(earlier) {
    for (const [call, tool] of earlier.calls) {
      const mine = this.calls.get(call);
      if (mine && !mine.call && mine.result && !tool.result) {
        tool.update(mine.result);
        this.drop(mine.node.closest(".ev"));
      }
      this.calls.set(call, tool);
    }
    for (const [request, ask] of earlier.asks) {
      const mine = this.asks.get(request);
      if (mine?.answer && !ask.answer) { this.answered(ask, mine.answer); this.drop(mine.row); }
      this.asks.set(request, ask);
    }
    this.lines += earlier.lines;
  }

  /** Take a row out, and forget it. */
  drop(row) {
    if (!row?.parentNode) return;
    row.remove();
    this.lines -= row.lines;
    if (row.dataset.call) this.calls.delete(row.dataset.call);
    if (row.dataset.request) this.asks.delete(row.dataset.request);
    if (this.group?.row === row) this.group = null;
  }

  row(event, ...content) {
    const at = new Date(event.time * 1000);
    const minute = TIME.format(at);
    const time = h("time", { datetime: at.toISOString(), title: EXACT.format(at) }, minute);
    if (minute === this.minute) time.className = "same";
    this.minute = minute;
    const row = h(event.parent ? "div.ev.sub" : "div.ev", { "data-seq": event.seq }, time, h("div", null, ...content));
    row.lines = 1;
    this.lines += 1;
    this.list.append(row);
    this.group = null;
    return row;
  }

  quiet(event, name, ...content) {
    return this.row(event, h("p.mark", null, icon(name), h("span", null, ...content)));
  }

  /* --- one for each kind of event --- */

  on_message(event) {
    if (event.stream) { this.output(event, event.stream); return; }
    if (event.role === "user") {
      this.row(event, this.cut(event, () => h("div.said", null, h("p.said-by", null, event.by || "You"), prose(event.text), linksOf(event))));
      return;
    }
    this.row(event, this.cut(event, () => prose(event.text)));
  }

  on_thought(event) {
    const text = ansiPlain(event.text.trim());
    if (text.length <= THOUGHT_SHORT && !text.includes("\n")) { this.row(event, h("p.thought", null, text)); return; }
    const first = text.split("\n", 1)[0].slice(0, THOUGHT_SHORT);
    const whole = h("p.thought.asis", null, text);
    this.row(event, h("details.thoughts", null, h("summary.thought", null, icon("right", "turn"), h("span.cut", null, first)), whole));
  }

  on_tool_call(event) {
    const known = this.calls.get(event.call);
    if (known?.call) return;
    const tool = new Tool(event, this.fetchWhole);
    this.calls.set(event.call, tool);
    this.row(event, tool.node).dataset.call = event.call;
  }

  on_tool_update(event) {
    let tool = this.calls.get(event.call);
    if (!tool) {
      tool = new Tool(null, this.fetchWhole);
      this.calls.set(event.call, tool);
      this.row(event, tool.node).dataset.call = event.call;
    }
    tool.update(event);
  }

  on_plan(event) {
    const view = h("ol.plan", { "aria-label": "Plan" }, ...event.entries.map(({ text, status }) => {
      const [name, mark, said] = { completed: ["done", "check", "done: "], in_progress: ["now", "right", "now: "] }[status] ?? ["", "dot", "to do: "];
      return h(name ? `li.${name}` : "li", null, icon(mark), h("span.vh", null, said), h("span", null, ansiPlain(text)));
    }));
    if (this.group?.kind === "plan") { this.group.row.lastChild.replaceChildren(view); return; }
    this.group = { kind: "plan", row: this.row(event, view) };
  }

  on_permission_request(event) {
    const title = ansiPlain(event.title || event.tool);
    const state = h("span.st.wait", null, "waits for an answer");
    const row = this.row(event, h("p.askline", null, icon("hand"), h("span", null, "Asked for permission: ", h("code", null, title)), " ", state));
    row.dataset.request = event.request;
    this.asks.set(event.request, { row, state, answer: null });
    this.announce(`A permission is asked for: ${title}`);
  }

  on_permission_answer(event) {
    let ask = this.asks.get(event.request);
    if (!ask) {
      const state = h("span.st");
      const row = this.row(event, h("p.askline", null, icon("hand"), "A permission: ", state));
      row.dataset.request = event.request;
      ask = { row, state, answer: null };
      this.asks.set(event.request, ask);
    }
    this.answered(ask, event);
  }

  answered(ask, event) {
    ask.answer = event;
    const allowed = event.decision === "allow";
    const by = { policy: " by the project's rules", timeout: ": nobody answered in time", agent: ": the agent took it back" }[event.by]
      ?? (event.by ? ` by ${event.by}` : "");
    ask.state.className = `st ${allowed ? "ok" : "bad"}`;
    const scope = allowed ? (event.scope === "run" ? " in this run" : " once") : "";
    ask.state.textContent = `${allowed ? "allowed" : "denied"}${scope}${by}`;
    if (event.message && event.by !== "agent") ask.state.after(h("span.asis.soft", null, ` “${event.message}”`));
  }

  on_usage(event) {
    const parts = [];
    const number = (value, word) => { if (Number.isFinite(value)) parts.push(`${NUMBER.format(value)} ${word}`); };
    number(event.input_tokens, "in");
    number(event.output_tokens, "out");
    number(event.cache_read_tokens, "from cache");
    if (Number.isFinite(event.cost_usd)) parts.push(`$${event.cost_usd.toFixed(event.cost_usd < 0.1 ? 4 : 2)}`);
    if (!parts.length) return;
    this.drop(this.usage);   // one line is enough: the totals grow
    this.usage = this.row(event, h("p.mark.usage", null, h("span", null, `Tokens so far: ${parts.join(" · ")}`)));
  }

  on_error(event) {
    this.row(event, this.cut(event, () => h(event.fatal ? "p.errline" : "p.errline.mild", null, icon("warn"),
      h("span.asis", null, ansiPlain(event.message || event.code)), event.code ? h("code", null, event.code) : null)));
    if (event.fatal) this.announce(`Error: ${event.message}`);
    this.errorSaid = event.message;
  }

  on_state(event) {
    const text = ansiPlain(event.text ?? "");
    const data = event.data ?? {};
    switch (event.state) {
      case "step-end": return;   // an error or the end says what matters of it
      case "session": this.quiet(event, "info", text ? `Session started, model ${text}` : "Session started"); return;
      case "turn": {
        const facts = [];
        if (Number.isFinite(data.model_turns)) facts.push(`${data.model_turns} model turn${data.model_turns === 1 ? "" : "s"}`);
        if (Number.isFinite(data.duration_ms)) facts.push(seconds(data.duration_ms));
        const [mark, said] = data.interrupted ? ["stop", "The turn was stopped"] : data.ok === false ? ["warn", "The turn ended with an error"] : ["check", "Turn over"];
        this.quiet(event, mark, said, facts.length ? ` · ${facts.join(" · ")}` : "");
        return;
      }
      case "warning": this.row(event, h("p.errline.mild", null, icon("warn"), h("span.asis", null, text))); return;
      default: this.quiet(event, event.state === "setup" ? "shell" : "info", text || event.state);
    }
  }

  on_snapshot(event) {
    const row = this.quiet(event, "camera", "Snapshot ", h("span.mono", null, String(event.commit).slice(0, 7)),
      ` · ${event.files_changed} file${event.files_changed === 1 ? "" : "s"} `,
      event.insertions ? h("span.plus", null, `+${event.insertions}`) : null, " ", event.deletions ? h("span.minus", null, `−${event.deletions}`) : null);
    if (event.excluded?.length) {
      const names = event.excluded.map((item) => ansiPlain(Array.isArray(item) ? item.join(": ") : String(item)));
      row.lastChild.append(h("details.leftout", null, h("summary.label", null, `${names.length} left out`), h("p.asis.mono", null, names.join("\n"))));
    }
  }

  on_end(event) {
    for (const tool of this.calls.values()) tool.end();
    for (const ask of this.asks.values()) {
      if (!ask.answer) { ask.state.className = "st"; ask.state.textContent = "not answered"; }
    }
    const [kind, mark, word] = ENDS[event.state] ?? ["", "dot", event.state];
    const news = event.message && event.message !== this.errorSaid; // the error above is often the reason
    const said = news ? `${word}: ${ansiPlain(event.message)}` : word;
    this.row(event, h(kind ? `p.endline.${kind}` : "p.endline", null, icon(mark), h("span.asis", null, said),
      event.code ? h("code", null, event.code) : null));
    this.announce(said);
  }

  on_raw(event) { this.output(event, event.stream === "err" ? "err" : "raw"); }

  /* --- plain output: lines that follow each other share a row --- */

  output(event, stream) {
    let group = this.group;
    if (group?.kind !== stream || group.lines >= GROUP_LINES || event.truncated) {
      const pre = h(`pre.term.${stream}`, { tabindex: 0 });
      if (stream === "err") pre.setAttribute("aria-label", "Error output");
      const row = this.row(event, stream === "raw" ? h("details.rawbox", null, h("summary.label", null, "Output that is not understood"), pre) : pre);
      group = { kind: stream, row, pre, lines: 0, style: plainStyle() };
      if (event.truncated) pre.after(wholeButton(async () => {
        const full = await this.fetchWhole(event.seq);
        pre.replaceChildren();
        ansiAppend(pre, full.text);
      }));
    }
    const text = (event.text ?? "").replace(/\n$/, "");
    ansiAppend(group.pre, group.lines ? `\n${text}` : text, group.style);
    group.lines += text.split("\n").length;
    this.lines += group.lines - group.row.lines;
    group.row.lines = group.lines;
    this.group = event.truncated ? null : group;
  }

  /** Content of an event, with a button for its rest if it was cut. */
  cut(event, make) {
    const content = make();
    if (!event.truncated) return content;
    const box = h("div", null, content);
    box.append(wholeButton(async () => {
      const full = await this.fetchWhole(event.seq);
      content.replaceWith(h("p.asis", null, full.text ?? full.message ?? ""));
    }));
    return box;
  }
}

/** What a person's text speaks of: links to pages of ours, and to nothing else. */
function linksOf(event) {
  const links = (event.links ?? []).filter(([, path]) => /^\/[^/\\]/.test(path));
  return links.length ? h("p.about", null, ...links.map(([words, path]) => h("a", { href: path }, words))) : null;
}

function seconds(ms) {
  const whole = Math.round(ms / 1000);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
