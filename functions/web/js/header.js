// What stands above every view: the mark, the ways, credits, light and dark, who is signed in.

import { ask, Away, Problem } from "./api.js";
import { fill, h } from "./dom.js";
import { count } from "./format.js";
import { icon, mark } from "./icons.js";
import { bearer, bearerInFull, isAdministrator, signOut, token } from "./session.js";
import { isDark, turn } from "./theme.js";

/** Fills the header for the view at `path`. */
export function header(root, signal, path) {
  const signedIn = token() !== null;
  const credits = h("span", { class: "credits" });
  fill(
    root,
    h("a", { class: "wordmark", href: "#/", "aria-label": "Quire, to your jobs" }, mark(), h("span", {}, "Quire")),
    signedIn &&
      h(
        "nav",
        { "aria-label": "Main" },
        way("#/", "Jobs", path === "/" || path.startsWith("/jobs")),
        isAdministrator() && way("#/admin", "Admin", path.startsWith("/admin")),
      ),
    signedIn &&
      h("p", { class: "who" }, credits, h("span", { class: "bearer", dir: "auto", title: `Signed in as ${bearerInFull()}` }, h("span", { class: "unseen" }, "Signed in as "), bearer())),
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
  if (signedIn) showCredits(credits, signal);
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

async function showCredits(root, signal) {
  try {
    const { enabled, available } = await ask("/v1/credits", { limit: 1 }, { signal });
    if (enabled) fill(root, h("strong", {}, count(available)), " pages left");
  } catch (error) {
    // A page without its credits is still a page; what is wrong will show where it matters.
    if (!signal.aborted && !(error instanceof Problem || error instanceof Away)) throw error;
  }
}
