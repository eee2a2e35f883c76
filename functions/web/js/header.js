// What stands above every view: the mark, the ways, credits, light and dark, who is signed in.

import { creditsLeft } from "./credits.js";
import { fill, h } from "./dom.js";
import { icon, mark } from "./icons.js";
import { bearer, bearerInFull, isAdministrator, signOut, token } from "./session.js";
import { isDark, turn } from "./theme.js";

/** Fills the header for the view at `path`. */
export function header(root, signal, path) {
  const signedIn = token() !== null;
  fill(
    root,
    h("a", { class: "wordmark", href: "#/", "aria-label": "Quire, to your jobs" }, mark(), h("span", {}, "Quire")),
    signedIn &&
      h(
        "nav",
        { "aria-label": "Main" },
        way("#/", "Jobs", path === "/" || path.startsWith("/jobs")),
        way("#/batches", "Batches", path.startsWith("/batches")),
        way("#/search", "Search", path === "/search"),
        isAdministrator() && way("#/admin", "Admin", path.startsWith("/admin")),
      ),
    signedIn &&
      h("p", { class: "who" }, creditsLeft(signal), h("span", { class: "bearer", dir: "auto", title: `Signed in as ${bearerInFull()}` }, h("span", { class: "unseen" }, "Signed in as "), bearer())),
    h(
      "div",
      { class: "side" },
      themeButton(),
      signedIn &&
        h(
          "button",
          { type: "button", class: "plain round", onclick: () => signOut(), "aria-label": "Sign out", title: "Sign out" },
          icon("leave"),
        ),
    ),
  );
}

function way(href, name, here) {
  return h("a", { href, "aria-current": here ? "page" : null }, name);
}

function themeButton() {
  const label = () => (isDark() ? "Light colours" : "Dark colours");
  const button = h("button", { type: "button", class: "plain round theme", onclick: switchOver }, icon("theme"));
  function name() {
    button.setAttribute("aria-label", label());
    button.title = label();
  }
  function switchOver() {
    turn();
    name();
  }
  name();
  return button;
}
