// What failed is said at the top of the page; of a request of htmx too, wherever its answer was meant to go.
import { h, icon } from "./dom.js";

/** `asked`: a person is waiting for it, so it is brought into sight. */
export function failureShow(text, { asked = true } = {}) {
  const dismiss = h("button.btn.bare.ico.sm", { type: "button", "data-dismiss": true, "aria-label": "Dismiss" }, icon("x"));
  const notice = h("div.notice.error", { role: "alert" }, icon("x"), h("p", null, text), dismiss);
  document.getElementById("flash").replaceChildren(notice);
  if (asked) notice.scrollIntoView({ block: "center" });
}

/** There was no answer, for there is no server, or no way to it. */
export class Unreachable extends Error {}

/** Of what a page asks by itself. Without a server the badge of live.js speaks. */
export function followFailed(error) {
  if (!(error instanceof Unreachable)) failureShow(`What has changed meanwhile could not be read. ${error.message}`, { asked: false });
}

/** True if a person pressed something; the page refreshes itself by GET. */
const isAction = (detail) => detail.requestConfig.verb !== "get";

/** What a page or a part of one says about why it is not what was asked for. */
export function saidIn(html) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  return answer.querySelector(".notice p, .stands")?.textContent.trim() ?? "";
}

function answerShow(detail) {
  failureShow(saidIn(detail.xhr.response) || `This did not work: the server answered ${detail.xhr.status}. Reload the page and try again.`, {
    asked: isAction(detail),
  });
}

// htmx tells errors at the element that asked. It may have been replaced meanwhile, as what follows the agents is:
// then nobody would hear of them.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  detail.xhr.addEventListener("load", () => detail.xhr.status >= 400 && answerShow(detail));
  detail.xhr.addEventListener("error", () => {
    if (isAction(detail)) failureShow("This did not work: the server does not answer. Try again in a moment.");
  });
});
