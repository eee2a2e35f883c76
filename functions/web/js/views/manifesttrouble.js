// Why a manifest was not taken: every bad line by its number, with what stands there.

import { fill, h } from "../dom.js";
import { count, counted } from "../format.js";
import { trouble } from "../notices.js";

const PAGE = 100;
const LONGEST = 120;

/** What is to be shown; the file's own lines stand beside what is wrong with them, but not of JSON. */
export async function manifestTrouble(error, file, isJson) {
  const errors = error.said?.errors;
  if (!Array.isArray(errors) || !errors.length) return trouble(error);
  const lines = isJson ? [] : (await file.text()).split(/\r\n|\n|\r/);
  const total = error.said.error_count ?? errors.length;
  const rows = h("tbody");
  const below = h("div", { class: "below" });
  further(0);
  return h(
    "section",
    { class: "problems manifesterrors", tabindex: -1, role: "alert", "aria-labelledby": "manifest-title" },
    h("h2", { id: "manifest-title" }, `Nothing was begun: ${counted(total, "entry", "entries")} of ${file.name} can't be taken`),
    h("p", { class: "hint" }, "Correct them and send the manifest again.", total > errors.length && ` The first ${count(errors.length)} are told.`),
    h("div", { class: "sideways" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "n" }, isJson ? "Entry" : "Line"), h("th", { scope: "col" }, "What is wrong"))), rows)),
    below,
  );

  function further(from) {
    rows.append(...errors.slice(from, from + PAGE).map(row));
    const left = errors.length - from - PAGE;
    fill(below, left > 0 && h("button", { type: "button", class: "more", onclick: () => further(from + PAGE) }, "Show more"));
  }
  function row({ line, code, message }) {
    const text = lines[line - 1] ?? "";
    return h("tr", {}, h("th", { scope: "row", class: "n" }, line === null ? "\u2013" : count(line)), h("td", {}, h("span", { dir: "auto" }, message), h("code", {}, code), text && h("span", { class: "text", dir: "auto" }, text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)));
  }
}
