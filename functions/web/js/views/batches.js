// One's batches, live: what all of them come to, and each with how far it is.

import { ask, regularly } from "../api.js";
import { fill, h, say } from "../dom.js";
import { count, STATUS_NAMES } from "../format.js";
import { icon } from "../icons.js";
import { trouble } from "../notices.js";
import { submissions } from "../submission.js";
import { batchRow } from "./batchrow.js";

const PAGE = 25;
const MOST = 100;
const SECONDS = 2.5;

const SUMS = {
  active: "Active",
  documents_processing: "Documents processing",
  documents_waiting: "Documents waiting",
  completed: "Batches completed",
  failed: "Batches failed",
  completion_rate: "Completion rate",
};

/** Shows them. */
export function openBatches(root, { query, signal }) {
  document.title = "Batches – Quire";
  const sums = Object.fromEntries(Object.keys(SUMS).map((name) => [name, h("dd", {}, "\u2013")]));
  const status = h("select", { "aria-label": "Filter by state", onchange: restart }, h("option", { value: "" }, "Every state"), Object.entries(STATUS_NAMES).map(([value, name]) => h("option", { value }, name)));
  status.value = query.get("status") ?? "";
  const list = h("ul", { class: "jobs", "aria-label": "Batches" });
  const below = h("div", { class: "below" });
  const sending = h("p", { class: "sendingnow", hidden: true });
  const element = h("section", { class: "joblist", "aria-busy": "true" }, list, below);
  const rows = new Map();
  let wanted = PAGE;
  let cursor = null;
  let asked = new AbortController();

  fill(
    root,
    h("div", { class: "headline batchtop" }, h("h1", { tabindex: -1 }, "Batches"), h("div", { class: "row" }, status, h("a", { class: "button primary", href: "#/batches/new" }, icon("more"), "New batch"))),
    sending,
    h("dl", { class: "sums" }, Object.entries(SUMS).map(([name, words]) => h("div", {}, h("dt", {}, words), sums[name]))),
    element,
  );
  fill(list, Array.from({ length: 3 }, () => h("li", { class: "jobrow skeleton", "aria-hidden": "true" })));
  submissions.addEventListener("change", tellSending, { signal });
  tellSending();
  regularly(SECONDS, look, signal).catch(failed);

  async function look() {
    asked.abort();
    const mine = (asked = new AbortController());
    const stop = AbortSignal.any([signal, mine.signal]);
    try {
      const batches = [];
      let summary = null;
      for (let at = null; ; ) {
        const answer = await ask("/v1/batches", { status: status.value, limit: Math.min(wanted - batches.length, MOST), cursor: at }, { signal: stop });
        summary ??= answer.summary;
        batches.push(...answer.batches);
        at = cursor = answer.next_cursor;
        if (!at || batches.length >= wanted) break;
      }
      show(batches, summary);
    } catch (error) {
      if (mine.signal.aborted && !signal.aborted) return;
      throw error;
    }
  }
  function show(batches, summary) {
    element.setAttribute("aria-busy", "false");
    for (const [name, { textContent }] of Object.entries(sums)) {
      const words = name === "completion_rate" ? rateOf(summary[name]) : count(summary[name]);
      if (words !== textContent) say(sums[name], words);
    }
    for (const batch of batches) {
      if (!rows.has(batch.batch_id)) rows.set(batch.batch_id, batchRow(batch));
      rows.get(batch.batch_id).update(batch);
    }
    const elements = batches.map((batch) => rows.get(batch.batch_id).element);
    // Left alone where nothing moved, so that focus and selection stay.
    if (elements.length !== list.children.length || elements.some((each, at) => list.children[at] !== each)) fill(list, elements);
    fill(below, batches.length ? cursor && moreButton : blank());
  }
  const moreButton = h("button", { type: "button", class: "more", onclick: more }, "Show more");
  function more() {
    wanted += PAGE;
    refresh();
  }
  function blank() {
    if (status.value) return h("p", { class: "blank small" }, "No batch is like that. ", h("button", { type: "button", class: "link", onclick: widen }, "Show all"));
    return h("div", { class: "blank" }, icon("open"), h("p", {}, h("strong", {}, "No batch yet.")), h("p", {}, "A batch takes many documents at once: choose files or a folder, or send a manifest that names them. You see here how far each is."));
  }
  function widen() {
    status.value = "";
    restart();
  }
  function restart() {
    wanted = PAGE;
    refresh();
  }
  function refresh() {
    look().catch(failed);
  }
  function failed(error) {
    if (signal.aborted || error.status === 401) return;
    element.setAttribute("aria-busy", "false");
    if (!rows.size) fill(list);
    fill(below, trouble(error, refresh));
  }
  /** A batch that is on its way in has no row yet. */
  function tellSending() {
    const submission = submissions.current;
    sending.hidden = !submission || submission.state === "made";
    if (sending.hidden) return;
    const words = `${count(submission.of("sent").length)} of ${count(submission.items.length)} documents of a new batch are sent. `;
    if (sending.firstChild?.textContent !== words) fill(sending, words, h("a", { href: "#/batches/new" }, "Look at it"));
  }
}

function rateOf(share) {
  return share === null ? "\u2013" : `${Math.floor(share * 100)} %`;
}
