// What a form was refused for, said in the form.
import { h, icon } from "./dom.js";

export function errorShow(form, text) {
  let line = form.querySelector(":scope > .err");
  if (!line && text) {
    line = h("p.err", { role: "alert" });
    form.append(line);
  }
  if (!line) return;
  line.hidden = !text;
  line.replaceChildren(...(text ? [icon("x"), text] : []));
}
