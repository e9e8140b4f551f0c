/* Terminal text to DOM: colours and weights as class names, everything else as text nodes.

   Only SGR (colour, bold, …) is obeyed. All other escape sequences are left out, carriage returns and
   backspaces overwrite as on a terminal, other control characters are dropped. 256 and 24-bit colours are
   taken to the nearest of the 16 that the style sheet knows, so that they can be read on light and dark. */

const SEQUENCE = new RegExp(
  "\\x1b(?:" +
  "\\[([0-?]*)[ -/]*([@-~])" +                                   // CSI: 1 parameters, 2 final byte
  "|[\\]PX^_][^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c|$)" +   // OSC, DCS, SOS, PM, APC
  "|[ -/]*[0-~]" +
  "|$)", "g");
const CONTROL = /[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]/g;

const PALETTE = [
  [0, 0, 0], [187, 0, 0], [0, 187, 0], [187, 187, 0], [0, 0, 187], [187, 0, 187], [0, 187, 187], [187, 187, 187],
  [85, 85, 85], [255, 85, 85], [85, 255, 85], [255, 255, 85], [85, 85, 255], [255, 85, 255], [85, 255, 255], [255, 255, 255],
];

export function plainStyle() { return { fg: -1, bg: -1, bold: false, dim: false, italic: false, under: false, strike: false, swap: false }; }

/** Lines of `text` as arrays of [text, className]; `style` goes on from one call to the next. */
export function ansiLines(text, style = plainStyle()) {
  return text.replace(/\r+\n/g, "\n").split("\n").map((line) => ansiLine(line, style));
}

/** `text` appended to `node`; a line end between lines, none after the last. Lines without colours share a text node. */
export function ansiAppend(node, text, style = plainStyle()) {
  let plain = "";
  const flush = () => {
    if (node.lastChild instanceof Text) node.lastChild.appendData(plain);
    else if (plain) node.append(plain);
    plain = "";
  };
  ansiLines(text, style).forEach((parts, at) => {
    if (at) plain += "\n";
    for (const [run, name] of parts) {
      if (!name) { plain += run; continue; }
      flush();
      const span = document.createElement("span");
      span.className = name;
      span.textContent = run;
      node.append(span);
    }
  });
  flush();
  return node;
}

/** `text` without any escape sequence or control character. */
export function ansiPlain(text) {
  return ansiLines(text).map((parts) => parts.map(([run]) => run).join("")).join("\n");
}

function ansiLine(line, style) {
  const cells = new Line();
  let at = 0;
  SEQUENCE.lastIndex = 0;
  for (let found; (found = SEQUENCE.exec(line));) {
    cells.write(line.slice(at, found.index), className(style));
    at = SEQUENCE.lastIndex;
    if (found[2] === "m") sgr(found[1], style);
    else if (found[2] === "K" && (found[1] === "" || found[1] === "0")) cells.erase();
    else if (found[2] === "K" && found[1] === "2") cells.clear();
    if (!found[0]) SEQUENCE.lastIndex++;
  }
  cells.write(line.slice(at), className(style));
  return cells.parts();
}

/* One line as runs of one style; overwriting is rare, so it alone pays for single characters. */
class Line {
  constructor() { this.runs = []; this.cells = null; this.column = 0; }

  write(text, name) {
    for (const piece of text.split(/([\r\b])/)) {
      if (piece === "\r" || piece === "\b") {
        this.spread();
        this.column = piece === "\r" ? 0 : Math.max(0, this.column - 1);
      } else {
        const clean = piece.replace(CONTROL, "");
        if (!clean) continue;
        if (!this.cells) { this.runs.push([clean, name]); continue; }
        for (const char of clean) this.cells[this.column++] = [char, name];
      }
    }
  }

  spread() {
    if (this.cells) return;
    this.cells = this.runs.flatMap(([text, name]) => Array.from(text, (char) => [char, name]));
    this.column = this.cells.length;
  }

  erase() { if (this.cells) this.cells.length = Math.min(this.cells.length, this.column); }

  clear() { this.spread(); this.cells.fill([" ", ""]); }

  parts() {
    const joined = [];
    for (const [text, name] of this.cells ?? this.runs) {
      const last = joined.at(-1);
      if (last && last[1] === name) last[0] += text;
      else joined.push([text, name]);
    }
    return joined;
  }
}

function sgr(parameters, style) {
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at];
    if (code === 0) Object.assign(style, plainStyle());
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.under = true;
    else if (code === 7) style.swap = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.under = false;
    else if (code === 27) style.swap = false;
    else if (code === 29) style.strike = false;
    else if (code >= 30 && code <= 37) style.fg = code - 30;
    else if (code === 39) style.fg = -1;
    else if (code >= 40 && code <= 47) style.bg = code - 40;
    else if (code === 49) style.bg = -1;
    else if (code >= 90 && code <= 97) style.fg = code - 82;
    else if (code >= 100 && code <= 107) style.bg = code - 92;
    else if (code === 38 || code === 48) {
      const side = code === 38 ? "fg" : "bg";
      if (codes[at + 1] === 5) { style[side] = from256(codes[at + 2]); at += 2; }
      else if (codes[at + 1] === 2) { style[side] = nearest(codes.slice(at + 2, at + 5)); at += 4; }
      else return;   // not to be understood from here on
    }
  }
}

function from256(code) {
  if (!(code >= 0 && code <= 255)) return -1;
  if (code < 16) return code;
  if (code >= 232) return nearest(Array(3).fill(8 + (code - 232) * 10));
  const level = (step) => (step ? 55 + step * 40 : 0);
  return nearest([level(Math.floor((code - 16) / 36)), level(Math.floor((code - 16) / 6) % 6), level((code - 16) % 6)]);
}

function nearest(rgb) {
  if (rgb.length !== 3 || !rgb.every((value) => value >= 0 && value <= 255)) return -1;
  let best = -1, least = Infinity;
  PALETTE.forEach((colour, at) => {
    const distance = colour.reduce((sum, value, channel) => sum + (value - rgb[channel]) ** 2, 0);
    if (distance < least) [best, least] = [at, distance];
  });
  return best;
}

function className(style) {
  const names = [];
  const { fg, bg } = style;
  if (style.swap) names.push("a-swap");
  if (fg >= 0) names.push(`a-f${fg}`);
  if (bg >= 0) names.push(`a-g${bg}`);
  for (const name of ["bold", "dim", "italic", "under", "strike"]) if (style[name]) names.push(`a-${name}`);
  return names.join(" ");
}
