// Every chunk as a cell, in the document's order. One tab stop: arrows move, and a line below says
// what the cell under the pointer or the focus stands for.

import { fill, h, say } from "../dom.js";
import { CHUNK_STATUS_NAMES, count, counted, duration, hasEnded, pages } from "../format.js";

const STATES = Object.keys(CHUNK_STATUS_NAMES);

/** What an event makes of the chunk that it names. */
const BECOMES = {
  chunk_started: "processing",
  chunk_completed: "completed",
  chunk_failed: "failed",
  chunk_put_back: "pending",
  chunk_reopened: "pending",
};

/** The grid: `show(chunks)` for all of them, `heard(kind, details, at)` for one. */
export function chunkGrid() {
  const cells = h("div", { class: "cells", role: "listbox", "aria-label": "Chunks", "aria-orientation": "horizontal" });
  const counts = Object.fromEntries(STATES.map((state) => [state, h("b", {}, "0")]));
  const legend = h("ul", { class: "legend" }, STATES.map((state) => h("li", { data: { state } }, h("i", { "aria-hidden": "true" }), counts[state], ` ${CHUNK_STATUS_NAMES[state]}`)));
  const told = h("p", { class: "told" });
  const element = h("section", { class: "gridbox", "aria-labelledby": "chunks-title" }, h("div", { class: "headline" }, h("h2", { id: "chunks-title" }, "Chunks"), legend), cells, told);
  /** index → {chunk, cell} */
  let known = new Map();
  let order = [];
  let current = null;
  let ended = "";
  /** What stands where no chunk does; nothing until it is known that there is none. */
  let absent = "\u00a0";
  let job = null;
  hint();

  cells.addEventListener("pointerover", (event) => tell(entryOf(event.target)));
  cells.addEventListener("pointerleave", () => tell(entryOf(document.activeElement)));
  cells.addEventListener("focusin", (event) => choose(entryOf(event.target)));
  cells.addEventListener("focusout", () => tell(null));
  cells.addEventListener("click", (event) => entryOf(event.target)?.cell.focus());
  cells.addEventListener("keydown", moved);
  return { element, show, heard, rest };

  function show(chunks) {
    const before = known;
    known = new Map();
    for (const chunk of chunks) {
      const entry = before.get(chunk.index) ?? { cell: h("div", { role: "option", class: "cell", tabindex: -1, data: { index: chunk.index } }) };
      entry.chunk = chunk;
      known.set(chunk.index, entry);
    }
    order = [...known.values()].sort((one, other) => one.chunk.page_start - other.chunk.page_start || one.chunk.index - other.chunk.index);
    order.forEach((entry, at) => {
      entry.at = at;
      entry.cell.setAttribute("aria-posinset", at + 1);
      entry.cell.setAttribute("aria-setsize", order.length);
      draw(entry);
    });
    cells.dataset.many = order.length > 400 ? "most" : order.length > 90 ? "many" : "few";
    if (order.length !== cells.children.length || order.some((entry, at) => cells.children[at] !== entry.cell)) fill(cells, order.map(({ cell }) => cell));
    if (!order.some((entry) => entry.cell.tabIndex === 0) && order[0]) order[0].cell.tabIndex = 0;
    tally();
    absent = whyNone();
    tell(current && known.get(current.chunk.index));
  }
  function whyNone() {
    if (!job || !hasEnded(job)) return "The chunks appear here as soon as the document is cut.";
    return job.total_chunks ? "Its chunks have been removed." : "The document was not cut.";
  }
  function heard(kind, details, at) {
    const state = BECOMES[kind];
    const entry = known.get(details.chunk_index);
    if (!state || !entry) return;
    const chunk = { ...entry.chunk, status: state };
    if (state === "processing") Object.assign(chunk, { started_at: at, finished_at: null, seconds: null, error: null, attempt: details.attempt ?? chunk.attempt });
    if (state === "completed" || state === "failed") Object.assign(chunk, { finished_at: at, seconds: chunk.started_at && (new Date(at) - new Date(chunk.started_at)) / 1000, failed_pages: details.failed_pages ?? 0 });
    chunk.error = details.message ? { code: details.code, message: details.message } : null;
    entry.chunk = chunk;
    draw(entry);
    tally();
    if (current === entry) tell(entry);
  }
  /** Says in what the whole rests: a paused or ended job's waiting chunks do not wait. */
  function rest(now) {
    job = now;
    const { status } = job;
    ended = ["paused", "cancelled", "failed"].includes(status) ? status : "";
    cells.dataset.rest = ended;
  }
  function draw({ chunk, cell, at }) {
    cell.dataset.state = chunk.status;
    cell.dataset.partial = chunk.status === "completed" && chunk.failed_pages ? "yes" : "";
    say(cell, count(at + 1));
    cell.setAttribute("aria-label", sentence(chunk, at));
  }
  function tally() {
    const sums = Object.fromEntries(STATES.map((state) => [state, 0]));
    for (const { chunk } of order) sums[chunk.status] += 1;
    for (const state of STATES) say(counts[state], count(sums[state]));
  }

  function sentence(chunk, at) {
    const range = pages(chunk.page_start, chunk.page_end);
    return `Chunk ${count(at + 1)}, ${range}: ${CHUNK_STATUS_NAMES[chunk.status]}${chunk.status === "pending" && ended ? ` (the job is ${ended})` : ""}`;
  }
  function tell(entry) {
    current = entry ?? null;
    if (!entry) return hint();
    const { chunk, at } = entry;
    const further = [
      chunk.seconds ? `in ${duration(chunk.seconds)}` : null,
      chunk.attempt > 1 ? `at the ${ordinal(chunk.attempt)} attempt` : null,
      chunk.status !== "failed" && chunk.failed_pages ? `${counted(chunk.failed_pages, "page")} could not be read` : null,
      chunk.error ? `${chunk.error.message}${chunk.error.code ? ` (${chunk.error.code})` : ""}` : null,
    ].filter(Boolean);
    say(told, [sentence(chunk, at), ...further].join(" · "));
  }
  function hint() {
    say(told, order.length ? "Choose a chunk to see its pages and what became of it." : absent);
  }
  function entryOf(target) {
    const index = target?.closest?.(".cell")?.dataset.index;
    return index === undefined ? null : (known.get(Number(index)) ?? null);
  }
  function choose(entry) {
    if (!entry) return;
    for (const each of cells.querySelectorAll("[tabindex='0']")) {
      each.tabIndex = -1;
      each.removeAttribute("aria-selected");
    }
    entry.cell.tabIndex = 0;
    entry.cell.setAttribute("aria-selected", "true");
    tell(entry);
  }
  function moved(event) {
    const entry = entryOf(event.target);
    if (!entry || event.ctrlKey || event.metaKey || event.altKey) return;
    const top = order[0].cell.offsetTop;
    const columns = Math.max(1, order.findIndex(({ cell }) => cell.offsetTop !== top));
    const row = columns === 1 && order.at(-1).cell.offsetTop === top ? order.length : columns;
    const forward = getComputedStyle(cells).direction === "rtl" ? -1 : 1;
    const to = { ArrowRight: entry.at + forward, ArrowLeft: entry.at - forward, ArrowDown: entry.at + row, ArrowUp: entry.at - row, Home: 0, End: order.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    order[Math.min(Math.max(to, 0), order.length - 1)].cell.focus();
  }
}

function ordinal(number) {
  return ["", "first", "second", "third", "fourth", "fifth"][number] ?? `${number}th`;
}
