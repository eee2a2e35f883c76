// What was read: a page's picture with its words over it, the text beside it, and search in it all.

import { ask, insist } from "../api.js";
import { announce, fill, h, say } from "../dom.js";
import { count, counted, hasEnded, hasResult, percent } from "../format.js";
import { icon } from "../icons.js";
import { complain, trouble } from "../notices.js";
import { pageSource } from "../pages.js";
import { boxesOn, wordsUnder } from "../passages.js";
import { tabs } from "../tabs.js";
import { download } from "./jobhead.js";
import { outlinePanel } from "./outline.js";
import { pageText } from "./pagetext.js";
import { searchPanel } from "./search.js";
import { sheet } from "./sheet.js";

/** Shows a page of the result of the job with the id `job`. */
export function openReader(root, params) {
  const { job: id, signal } = params;
  let reader = null;
  document.title = "Result – Quire";
  fill(root, h("h1", { class: "unseen", tabindex: -1 }, "Result"), h("div", { class: "reader skeleton", "aria-hidden": "true" }));
  insist(() => ask(`/v1/jobs/${encodeURIComponent(id)}`, {}, { signal }), signal).then(begin, failed).catch(complain);

  function begin(job) {
    if (!hasResult(job)) return failed(new Error(hasEnded(job) ? "This job has no result." : "This job has no result yet."));
    reader = openDocument(root, job, { signal, query: params.query, number: Number(params.page) });
  }
  function failed(error) {
    if (signal.aborted || error.status === 401) return;
    fill(root, h("p", { class: "crumbs" }, h("a", { href: `#/jobs/${id}` }, icon("back"), "To the job")), h("h1", { tabindex: -1 }, "This result can't be shown"), trouble(error));
  }
  return {
    /** Another page of the same result, or another search in it, is no new view. */
    turn({ job, page, query }) {
      if (job !== id || reader === null) return false;
      reader.seek(query, Number(page));
      reader.turn(Number(page));
      return true;
    },
  };
}

function openDocument(root, job, { signal, query, number: first }) {
  const pages = pageSource(job.document_id, signal);
  const total = job.page_count || job.total_pages;
  const errors = new Map(job.page_errors.map((error) => [error.number, error]));
  let number = 0;
  let words = [];
  let picked = -1;
  /** The hit that one is on the way to, until another page is turned to. */
  let sought = null;

  const view = sheet({ signal, pages, pointed: (index) => text.point(index), chosen: (index) => choose(index) });
  const text = pageText({ pointed: (index) => view.point(index), chosen: (index) => choose(index, true) });
  const search = searchPanel({ signal, pages, jobId: job.job_id, found: markHits, visit: visitHit });
  const outline = outlinePanel({ signal, job, visit: (page) => turn(page) });
  const folders = tabs("Beside the picture", [
    { name: "Text", element: text.element },
    { name: "Search", element: search.element, opened: search.opened },
    { name: "Outline", element: outline.element, opened: outline.opened },
  ]);
  const input = h("input", { class: "number", inputmode: "numeric", "aria-label": `Page, 1 to ${total}`, onchange: typed, onfocus: () => input.select() });
  const buttons = {
    first: flip("first", "First page", () => turn(1)),
    back: flip("back", "Previous page", () => turn(number - 1)),
    next: flip("next", "Next page", () => turn(number + 1)),
    last: flip("last", "Last page", () => turn(total)),
  };
  const boxes = h("button", { type: "button", "aria-pressed": "true", class: "small", onclick: toggleBoxes, title: "b" }, "Boxes");
  const sure = h("span", { class: "sure" });
  const toolbar = h(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Pages and size" },
    h("div", { class: "group" }, buttons.first, buttons.back, input, h("span", { class: "of" }, ` of ${count(total)}`), buttons.next, buttons.last),
    h("div", { class: "group zoom" }, flip("less", "Smaller", () => view.zoom(-1)), view.size, flip("more", "Larger", () => view.zoom(1)), h("button", { type: "button", class: "small", onclick: () => view.fit("width") }, "Width"), h("button", { type: "button", class: "small", onclick: () => view.fit("page") }, "Page"), boxes),
    sure,
  );
  fill(
    root,
    h(
      "div",
      { class: "readerhead" },
      h("p", { class: "crumbs" }, h("a", { href: `#/jobs/${job.job_id}` }, icon("back"), "To the job")),
      h("h1", { tabindex: -1, dir: "auto" }, job.filename),
      h("div", { class: "row" }, ["json", "text"].map((form) => h("button", { type: "button", class: "small", "aria-label": `Download ${form === "json" ? "JSON" : "text"}`, onclick: () => download(job, form).catch(complain) }, icon("down"), form === "json" ? "JSON" : "Text"))),
    ),
    toolbar,
    h("div", { class: "reader" }, view.element, h("aside", { class: "beside", "aria-label": "Text and search" }, folders.element)),
    h("p", { class: "keys hint" }, keys("←", "→"), " or ", keys("j", "k"), " turn the page, ", keys("/"), " searches, ", keys("n"), " goes to the next hit, ", keys("+", "−", "0"), " size, ", keys("b"), " boxes"),
  );

  async function turn(to, { hit = null } = {}) {
    const wanted = Math.min(Math.max(Math.round(to) || 1, 1), total);
    if (wanted === number) return hit && showHit(hit);
    number = wanted;
    sought = hit;
    input.value = String(number);
    for (const [name, off] of [["first", number === 1], ["back", number === 1], ["next", number === total], ["last", number === total]]) buttons[name].disabled = off;
    document.title = `Page ${number} of ${job.filename} – Quire`;
    remember();
    view.turning();
    try {
      const page = errors.has(number) ? unread(errors.get(number)) : await pages.page(number).catch(missing);
      if (wanted !== number || signal.aborted) return;
      words = page.words;
      picked = -1;
      text.show(page);
      announce(`Page ${number} of ${total}`);
      await view.show(page, `Page ${number} of ${total}`);
      if (wanted !== number || signal.aborted) return;
      say(sure, page.text ? `${counted(page.words.length, "word")}, ${percent(page.confidence)} sure` : "");
      markHits();
      // A word may have been chosen in the text before the picture was there.
      if (picked >= 0) view.choose(picked);
      if (sought) showHit(sought);
      for (const near of [number + 1, number - 1]) if (near >= 1 && near <= total && !errors.has(near)) ahead(near);
    } catch (error) {
      if (!signal.aborted && wanted === number) view.broken(error, () => turn(again(), { hit: sought }));
    }
  }
  function remember() {
    const asked = new URLSearchParams(search.address()).toString();
    history.replaceState(null, "", `#/jobs/${job.job_id}/pages/${number}${asked && `?${asked}`}`);
  }
  function again() {
    const same = number;
    number = 0;
    return same;
  }
  function ahead(near) {
    // Only a convenience: what fails here is asked for again, and told, once somebody turns there.
    pages.page(near).then(() => view.ahead(near)).catch(() => {});
  }
  function missing(error) {
    if (error.status !== 404) throw error;
    return unread(error);
  }
  function unread({ message, code }) {
    return { number, words: [], text: "", confidence: 0, width: 0, height: 0, why: message, code };
  }
  function typed() {
    const to = Number(input.value);
    if (Number.isInteger(to) && to >= 1 && to <= total) turn(to);
    else input.value = String(number);
  }
  function choose(index, tell = false) {
    picked = index;
    view.choose(index);
    text.choose(index);
    const word = words[index];
    if (tell && word) announce(`${word.text}, ${percent(word.confidence)} sure`);
  }
  function toggleBoxes() {
    boxes.setAttribute("aria-pressed", String(view.toggleBoxes()));
  }

  function markHits() {
    const here = search.hits.filter((hit) => hit.page === number).flatMap((hit) => hit.words);
    const { boxes: lines = [], highlights = [] } = search.passage ?? {};
    view.light(boxesOn(number, lines), boxesOn(number, highlights));
    view.mark(here);
    text.mark([...here, ...wordsUnder(words, boxesOn(number, highlights))]);
  }
  function visitHit(hit) {
    turn(hit.page, { hit });
    sought = hit;
    remember();
  }
  function showHit(hit) {
    markHits();
    if (hit.boxes) return view.bringLight();
    view.reveal(hit.words);
    text.reveal(hit.words);
  }

  addEventListener("keydown", pressed, { signal });
  function pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (typing) return;
    const does = {
      ArrowRight: () => turn(number + 1),
      ArrowLeft: () => turn(number - 1),
      j: () => turn(number + 1),
      k: () => turn(number - 1),
      Home: () => turn(1),
      End: () => turn(total),
      "+": () => view.zoom(1),
      "-": () => view.zoom(-1),
      0: () => view.fit("width"),
      b: toggleBoxes,
      n: () => search.step(1),
      N: () => search.step(-1),
      "/": () => {
        folders.open(1);
        search.focus();
      },
      Escape: () => choose(-1),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }
  function seek(asked, page) {
    if (asked.get("q")) folders.open(1);
    search.seek(Object.fromEntries(asked), page);
  }
  seek(query, first);
  turn(first);
  return { turn, seek };
}

function flip(name, label, work) {
  return h("button", { type: "button", class: "round", "aria-label": label, title: label, onclick: work }, icon(name));
}

function keys(...names) {
  return names.map((name, at) => [at ? " " : null, h("kbd", {}, name)]);
}
