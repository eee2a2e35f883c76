// Search in all documents: passages that say what is asked for, each a way to its page's picture.

import { ask } from "../api.js";
import { fill, h, later, say } from "../dom.js";
import { counted, pages } from "../format.js";
import { icon } from "../icons.js";
import { trouble } from "../notices.js";
import { marked, wayTo } from "../passages.js";

const SOME = 20;
/** More than that the API does not give. */
const MOST = 50;

/** Shows the field, and what is found for the address's `q`. */
export function openSearch(root, { query, signal }) {
  const input = h("input", { type: "search", placeholder: "A question, or some words", "aria-label": "Search in all documents", maxlength: 1000, autocomplete: "off", oninput: later(300, begin, signal) });
  const sum = h("p", { class: "hint", "aria-live": "polite" }, "\u00a0");
  const list = h("ol", { class: "passages", "aria-label": "Passages" });
  const more = h("button", { type: "button", class: "more", onclick: () => look(MOST) }, "Show more");
  const below = h("div", { class: "below" });
  let asked = new AbortController();
  let words = null;

  fill(
    root,
    h("h1", { tabindex: -1 }, "Search"),
    h("form", { role: "search", class: "searchall", onsubmit: submitted }, input, h("button", { class: "primary" }, icon("search"), "Search")),
    sum,
    list,
    below,
  );
  seek(query.get("q") ?? "");
  // After the view's heading had it.
  if (!words) requestAnimationFrame(() => signal.aborted || input.focus());
  return {
    /** Another query in the address is no new view. */
    turn({ query: next }) {
      seek(next.get("q") ?? "");
      return true;
    },
  };

  function seek(wanted) {
    input.value = wanted;
    begin();
  }
  function submitted(event) {
    event.preventDefault();
    begin();
  }
  function begin() {
    const wanted = input.value.trim();
    if (wanted === words) return;
    words = wanted;
    history.replaceState(null, "", `#/search${words ? `?${new URLSearchParams({ q: words })}` : ""}`);
    document.title = words ? `${words} – Search – Quire` : "Search – Quire";
    look(SOME);
  }
  async function look(limit) {
    asked.abort();
    const mine = (asked = new AbortController());
    const stop = AbortSignal.any([signal, mine.signal]);
    fill(below);
    if (!words) {
      fill(list);
      say(sum, "\u00a0");
      return void fill(below, blank("Ask in your own words.", "Passages are found by their words in any form, and by what they are about, in all documents that were made searchable. “A phrase” in quotation marks stands as it is; -without leaves out."));
    }
    say(sum, "Searching");
    try {
      // Asked once: a search that takes too long does so again.
      const answer = await ask("/v1/search", { q: words, limit }, { signal: stop });
      if (!stop.aborted) show(answer, limit);
    } catch (error) {
      if (stop.aborted) return;
      fill(list);
      say(sum, "\u00a0");
      fill(below, trouble(error, () => look(limit)));
    }
  }
  function show({ results, documents, searchable, notes }, limit) {
    fill(list, results.map(row));
    const among = ` in ${counted(documents, "document")}`;
    say(sum, results.length ? `${results.length === limit ? "The best " : ""}${counted(results.length, "passage")}${among}` : "\u00a0");
    fill(
      below,
      !searchable && blank("Nothing is searchable yet.", "Open a job that is finished and choose “Make searchable”; or send documents with the option “Afterwards: make it searchable”.", h("a", { class: "button", href: "#/" }, "To your jobs")),
      searchable && !results.length && blank(`Nothing is found for “${words}”.`, `${counted(documents, "document")} searched. Documents count once they were made searchable.`),
      results.length === limit && limit < MOST && more,
      notes.map(({ detail }) => h("p", { class: "hint" }, detail)),
    );
  }
  function row(passage) {
    return h(
      "li",
      {},
      h("h2", {}, h("a", { href: wayTo(passage, words) }, h("bdi", {}, passage.filename), " ", h("span", { class: "where" }, pages(passage.page_start, passage.page_end)))),
      h("p", { dir: "auto", lang: passage.language === "und" ? null : passage.language }, marked(passage.snippet, passage.marks)),
    );
  }
}

function blank(title, text, ...further) {
  return h("div", { class: "blank" }, icon("search"), h("p", {}, h("strong", {}, title)), h("p", {}, text), further.length > 0 && h("p", {}, further));
}
