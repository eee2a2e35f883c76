// Search in a document, by its exact words or by what it means: the hits as a list, each a way to
// its page.

import { announce, fill, h, later, say } from "../dom.js";
import { count, counted } from "../format.js";
import { trouble } from "../notices.js";
import { marked, pageOf } from "../passages.js";
import { searchableOffer } from "./makesearchable.js";

/** Passages in one answer. */
const BEST = 50;
const WAYS = { exact: "Exact words", meaning: "Meaning" };

/**
 * The panel. `found()` is told of new hits, `visit(hit)` of the one to go to. A hit has its page,
 * the numbers of its words there, or a passage with boxes.
 */
export function searchPanel({ signal, pages, jobId, found, visit }) {
  const input = h("input", { type: "search", placeholder: "Search in this document", "aria-label": "Search in this document", maxlength: 200, oninput: later(200, begin, signal) });
  const ways = Object.entries(WAYS).map(([way, name]) => h("button", { type: "button", class: "small", "aria-pressed": "false", onclick: () => choose(way), data: { way } }, name));
  const sum = h("p", { class: "hint", "aria-live": "polite" }, "\u00a0");
  const list = h("ol", { class: "hits" });
  const more = h("button", { type: "button", class: "more", onclick: () => further().catch(failed) }, "Show more");
  const below = h("div", { class: "below" });
  const switches = h("div", { class: "row ways", role: "group", "aria-label": "Search by" }, ways);
  const element = h("div", { class: "search" }, h("form", { role: "search", onsubmit: submitted }, input), switches, sum, list, below);
  let asked = new AbortController();
  let next = null;
  let current = -1;
  let way = "exact";
  /** The passage to go to once it is found, and the page where it is looked for. */
  let wanted = null;
  const panel = { element, hits: [], query: "", passage: null, address, seek, opened, focus, step };
  press();
  return panel;

  function opened() {
    if (!panel.hits.length) requestAnimationFrame(() => element.isConnected && !input.value && input.focus());
  }
  function focus() {
    input.focus();
    input.select();
  }
  /** What the address keeps of the search. */
  function address() {
    if (!panel.query) return {};
    return { q: panel.query, ...(way === "meaning" && { by: way }), ...(panel.passage && { passage: panel.passage.passage }) };
  }
  /** Searches for what an address says, as if it had been typed; a passage goes with a meaning. */
  function seek({ q = "", by = "exact", passage = "" }, page) {
    const isPassage = /^\d{1,9}$/.test(passage);
    const through = isPassage || by === "meaning" ? "meaning" : "exact";
    if (q === panel.query && through === way && (!isPassage || Number(passage) === panel.passage?.passage)) return;
    wanted = isPassage ? { passage: Number(passage), page } : null;
    input.value = q;
    way = through;
    press();
    begin({ isTyped: false });
  }
  function choose(through) {
    if (through === way) return;
    way = through;
    press();
    begin();
  }
  function press() {
    for (const each of ways) each.setAttribute("aria-pressed", String(each.dataset.way === way));
  }
  function begin({ isTyped = true } = {}) {
    asked.abort();
    asked = new AbortController();
    if (isTyped) wanted = null;
    panel.query = input.value.trim();
    panel.hits = [];
    panel.passage = null;
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
    const stop = AbortSignal.any([signal, mine.signal]);
    const { hits, total, offer = null, notes = [], rest = null } = await (way === "exact" ? exactly : nearly)(stop);
    if (stop.aborted) return;
    next = rest;
    list.append(...hits.map((hit, at) => row(hit, panel.hits.length + at)));
    panel.hits.push(...hits);
    say(sum, total ?? `Nothing is found for “${panel.query}”.`);
    fill(below, offer, next && more, notes.map(({ detail }) => h("p", { class: "hint" }, detail)));
    found();
    if (wanted) await goToWanted(stop);
  }
  async function exactly(stop) {
    const { hits, total, next: rest } = await pages.find(panel.query, next, stop);
    const shown = hits.map(({ page, words, snippet, snippet_start: from, snippet_end: to }) => ({ page, words, snippet, marks: [[from, to]] }));
    return { hits: shown, total: total ? `${counted(total, "hit")} for “${panel.query}”` : null, rest };
  }
  async function nearly(stop) {
    const { results, searchable, notes } = await pages.search(panel.query, BEST, stop);
    if (!searchable) return { hits: [], total: "\u00a0", offer: searchableOffer(jobId, { why: "This document can't be searched by meaning yet.", ready: begin, signal }) };
    const hits = results.map((each) => ({ ...each, page: pageOf(each), words: [] }));
    return { hits, total: hits.length ? `${counted(hits.length, "passage")} for “${panel.query}”, the best first` : null, notes };
  }
  /** A passage may be too far down for the list, and is fetched by itself. */
  async function goToWanted(stop) {
    const { passage, page } = wanted;
    wanted = null;
    const at = panel.hits.findIndex((hit) => hit.passage === passage);
    if (at >= 0) {
      go(at);
      list.children[at].scrollIntoView({ block: "nearest" });
      return;
    }
    const alone = await pages.passage(page, passage, stop);
    if (!alone || stop.aborted) return;
    visited({ ...alone, passage, page, words: [], highlights: [] });
  }
  function failed(error) {
    if (signal.aborted || error.name === "AbortError") return;
    say(sum, "\u00a0");
    fill(below, trouble(error, begin));
  }
  function row(hit, at) {
    return h("li", {}, h("button", { type: "button", class: "way", onclick: () => go(at) }, h("b", {}, `Page ${count(hit.page)}`), h("span", { dir: "auto" }, marked(hit.snippet, hit.marks))));
  }
  function go(at) {
    current = at;
    const buttons = list.querySelectorAll(".way");
    buttons.forEach((button, each) => (each === at ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current")));
    visited(panel.hits[at]);
  }
  function visited(hit) {
    panel.passage = hit.boxes ? hit : null;
    visit(hit);
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
