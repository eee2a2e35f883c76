// Search in a document: the hits as a list, each a way to its page.

import { announce, fill, h, later, say } from "../dom.js";
import { characters, count, counted } from "../format.js";
import { trouble } from "../notices.js";

/** The panel. `found()` is told of new hits, `visit(hit)` of the one to go to. */
export function searchPanel({ signal, pages, found, visit }) {
  const input = h("input", { type: "search", placeholder: "Search in this document", "aria-label": "Search in this document", maxlength: 200, oninput: later(200, begin, signal) });
  const sum = h("p", { class: "hint", "aria-live": "polite" }, "\u00a0");
  const list = h("ol", { class: "hits" });
  const more = h("button", { type: "button", class: "more", onclick: () => further().catch(failed) }, "Show more");
  const below = h("div", { class: "below" });
  const element = h("div", { class: "search" }, h("form", { role: "search", onsubmit: submitted }, input), sum, list, below);
  let asked = new AbortController();
  let next = null;
  let current = -1;
  const panel = { element, hits: [], query: "", seek, opened, focus, step };
  return panel;

  function opened() {
    if (!panel.hits.length) requestAnimationFrame(() => element.isConnected && !input.value && input.focus());
  }
  function focus() {
    input.focus();
    input.select();
  }
  /** Searches for the words, as if they had been typed. */
  function seek(words) {
    if (words === panel.query) return;
    input.value = words;
    begin();
  }
  function begin() {
    asked.abort();
    asked = new AbortController();
    panel.query = input.value.trim();
    panel.hits = [];
    next = null;
    current = -1;
    fill(list);
    fill(below);
    found();
    say(sum, panel.query ? "Searching" : "\u00a0");
    if (panel.query) further().catch(failed);
  }
  async function further() {
    const mine = asked;
    const answer = await pages.find(panel.query, next, AbortSignal.any([signal, mine.signal]));
    if (mine.signal.aborted || signal.aborted) return;
    next = answer.next;
    list.append(...answer.hits.map((hit, at) => row(hit, panel.hits.length + at)));
    panel.hits.push(...answer.hits);
    say(sum, answer.total ? `${counted(answer.total, "hit")} for “${panel.query}”` : `Nothing is found for “${panel.query}”.`);
    fill(below, next && more);
    found();
  }
  function failed(error) {
    if (signal.aborted || error.name === "AbortError") return;
    say(sum, "\u00a0");
    fill(below, trouble(error, begin));
  }
  function row(hit, at) {
    return h("li", {}, h("button", { type: "button", class: "way", onclick: () => go(at) }, h("b", {}, `Page ${count(hit.page)}`), h("span", { dir: "auto" }, marked(hit))));
  }
  function go(at) {
    current = at;
    const buttons = list.querySelectorAll(".way");
    buttons.forEach((button, each) => (each === at ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current")));
    visit(panel.hits[at]);
  }
  function step(by) {
    if (!panel.hits.length) return;
    go((current + by + panel.hits.length) % panel.hits.length);
    announce(`Hit ${current + 1}, page ${panel.hits[current].page}`);
    list.children[current].scrollIntoView({ block: "nearest" });
  }
  function submitted(event) {
    event.preventDefault();
    if (panel.query === input.value.trim()) step(1);
    else begin();
  }
}

/** The snippet with what was found marked. */
function marked({ snippet, snippet_start: start, snippet_end: end }) {
  const letters = characters(snippet);
  const part = (from, to) => letters.slice(from, to).join("");
  return [part(0, start), h("mark", {}, part(start, end)), part(end)];
}
