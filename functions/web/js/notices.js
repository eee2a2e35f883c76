// Short messages in a corner, and questions that want an answer first.

import { Problem } from "./api.js";
import { h } from "./dom.js";

const SECONDS = 8;

/** Shows a sentence for a while. */
export function notice(sentence, { kind = "plain", code = "" } = {}) {
  const box = h(
    "div",
    { class: `notice ${kind}` },
    h("p", {}, sentence, code && h("code", {}, code)),
    h("button", { type: "button", class: "plain small", onclick: () => box.remove() }, "Dismiss"),
  );
  document.getElementById("notices").append(box);
  const expire = () => {
    // What is just being read or operated stays.
    if (box.matches(":hover, :focus-within")) setTimeout(expire, 1000);
    else box.remove();
  };
  setTimeout(expire, SECONDS * 1000);
}

/** Shows why something failed. What nobody knows goes on to the console as well. */
export function complain(error) {
  if (error instanceof Problem) notice(error.message, { kind: "bad", code: error.code });
  else notice(error.message || "Something went wrong.", { kind: "bad" });
}

/** A problem as it stands in the place of what it prevented. */
export function trouble(error, again) {
  return h(
    "div",
    { class: "trouble", role: "alert" },
    h("p", {}, error.message, error.code && h("code", {}, error.code)),
    again && h("button", { type: "button", onclick: again }, "Try again"),
  );
}

/** Asks before something is done; `text` may hold elements. Resolves to null, or to the field's value ("" without one). */
export function question({ title, text, yes, no = "Keep it", field = null, danger = false }) {
  return new Promise((answered) => {
    const input = field && h("input", { type: field.type, autocomplete: "off", required: true, maxlength: 1000 });
    const dialog = h(
      "dialog",
      { "aria-labelledby": "question-title", "aria-describedby": "question-text", onclose: closed },
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: "question-title" }, title),
        h("p", { id: "question-text" }, text),
        input && h("label", { class: "field" }, h("span", {}, field.label), input),
        h(
          "div",
          { class: "row end" },
          h("button", { type: "button", class: "plain", onclick: () => dialog.close("no") }, no),
          h("button", { value: "yes", class: danger ? "danger" : "primary" }, yes),
        ),
      ),
    );
    function closed() {
      dialog.remove();
      answered(dialog.returnValue === "yes" ? (input?.value ?? "") : null);
    }
    document.body.append(dialog);
    dialog.showModal();
  });
}
