// Where one signs in with a token or an API key.

import { fill, h } from "../dom.js";
import { signIn } from "../session.js";

/** Shows the form. `why` says how one got here, where it was not by choice. */
export function openSignIn(root, { why }) {
  document.title = "Sign in – Quire";
  const field = h("input", { type: "password", id: "token", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-hint" });
  fill(
    root,
    h(
      "section",
      { class: "signin" },
      h("h1", { tabindex: -1 }, "Sign in"),
      why && h("p", { class: "why", role: "alert" }, why, " Sign in again to go on where you were."),
      h(
        "form",
        { onsubmit: submit },
        h("label", { for: "token" }, "Token or API key"),
        field,
        h("p", { id: "token-hint", class: "hint" }, "A token of your account, or a key that begins with ", h("code", {}, "qk_"), ". It is kept in this tab only, until you close it."),
        h("button", { class: "primary" }, "Sign in"),
      ),
      h("p", { class: "hint" }, "On a stack of your own, ", h("code", {}, "quire up"), " prints an address that signs in by itself."),
    ),
  );
  function submit(event) {
    event.preventDefault();
    if (field.value.trim()) signIn(field.value);
  }
}
