// The audit trail: everything that happened to the job, the newest first, in words.

import { fill, h } from "../dom.js";
import { clock, count, counted, moment, pages } from "../format.js";
import { STEP_NAMES } from "./jobsteps.js";

/** So many are shown until somebody wants all. */
const SOME = 200;

const SENTENCES = {
  job_created: () => "The document was sent",
  splitting: (d) => d.attempt > 1 ? "Splitting began again" : "Splitting began",
  planned: (d) => `Planned: ${counted(d.chunks ?? 0, "chunk")} for ${counted(d.pages ?? 0, "page")}`,
  chunks_dispatched: (d) => `${counted(d.indexes?.length ?? 0, "chunk")} handed to the workers`,
  split: () => "The document is cut",
  chunk_started: (d) => `${chunk(d)} started${attempt(d)}`,
  chunk_put_back: (d) => `${chunk(d)} is tried again${because(d)}`,
  chunk_completed: (d) => `${chunk(d)} completed${d.failed_pages ? `, ${counted(d.failed_pages, "page")} could not be read` : ""}`,
  chunk_failed: (d) => `${chunk(d)} failed${because(d)}`,
  chunk_reopened: (d) => `${chunk(d)} is read again: its stored result was damaged`,
  merging: () => "All chunks are done; the merge is due",
  merge_started: () => "Merging began",
  merged: (d) => `The result is there: ${counted(d.pages ?? 0, "page")}`,
  stage_started: (d) => `${step(d.stage)} began`,
  stage_completed: (d) => `${step(d.stage)} is done`,
  stage_failed: (d) => `${step(d.stage)} failed${because(d)}`,
  job_extended: (d) => `Goes on with ${(d.stages ?? []).map((stage) => STEP_NAMES[stage] ?? stage).join(", ")}`,
  job_completed: () => "Completed",
  job_completed_with_errors: () => "Completed with errors",
  job_failed: (d) => `Failed${because(d)}`,
  job_paused: () => "Paused",
  job_resumed: () => "Resumed",
  job_cancelled: () => "Cancelled",
  job_retried: (d) => `Retried${d.failed_pages ? `: ${counted(d.failed_pages, "page")} to read again` : ""}`,
};

function chunk(d) {
  const range = d.page_start ? ` (${pages(d.page_start, d.page_end)})` : "";
  return `Chunk ${count((d.chunk_index ?? 0) + 1)}${range}`;
}

function step(stage) {
  return `Step “${STEP_NAMES[stage] ?? stage}”`;
}

function attempt(d) {
  return d.attempt > 1 ? `, attempt ${d.attempt}` : "";
}

function because(d) {
  return d.message ? `: ${d.message}` : d.code ? `: ${d.code}` : "";
}

/** The trail; `add(events)` puts new ones on top. */
export function trail() {
  const list = h("ol", { class: "trail", reversed: true });
  const all = h("button", { type: "button", class: "more", onclick: showAll }, "Show all");
  const below = h("div", { class: "below" });
  const element = h("div", {}, list, below);
  const events = [];
  let limit = SOME;
  return { element, add };

  function add(more) {
    const newest = events.at(-1)?.id ?? 0;
    const fresh = more.filter(({ id }) => id > newest);
    events.push(...fresh);
    list.prepend(...fresh.slice(-limit).map(row).reverse());
    while (list.children.length > limit) list.lastElementChild.remove();
    list.start = events.length;
    fill(below, events.length > limit && all);
  }
  function showAll() {
    limit = Infinity;
    fill(list, events.map(row).reverse());
    fill(below);
    list.firstElementChild?.querySelector("time")?.focus();
  }
}

function row({ kind, at, details }) {
  const words = SENTENCES[kind]?.(details ?? {}) ?? kind.replaceAll("_", " ");
  return h("li", { data: { kind } }, h("time", { datetime: at, title: moment(at) }, clock(at)), h("span", { dir: "auto" }, words));
}
