// One's jobs, live: filtered, sorted, a page at a time. The administration shows everybody's with it.

import { ask, regularly } from "../api.js";
import { fill, h, later } from "../dom.js";
import { STATUS_NAMES } from "../format.js";
import { icon } from "../icons.js";
import { trouble } from "../notices.js";
import { jobRow } from "./jobrow.js";

const PAGE = 25;
const MOST = 100;
const SECONDS = 2.5;

/** The list with its filters. `refresh` has it look again at once. */
export function jobList({ query, signal, source = "/v1/jobs", withOwner = false, title = "Jobs" }) {
  const filters = {
    filename: h("input", { type: "search", placeholder: "File name", "aria-label": "Filter by file name", value: query.get("filename") ?? "", oninput: later(250, restart, signal) }),
    status: h("select", { "aria-label": "Filter by state", onchange: restart }, h("option", { value: "" }, "Every state"), Object.entries(STATUS_NAMES).map(([value, name]) => h("option", { value }, name))),
    matter: h("input", { type: "search", placeholder: "Matter", "aria-label": "Filter by matter", value: query.get("matter") ?? "", oninput: later(250, restart, signal) }),
    ...(withOwner && { owner: h("input", { type: "search", placeholder: "Owner", "aria-label": "Filter by owner", oninput: later(250, restart, signal) }) }),
    sort: h("select", { "aria-label": "Order", onchange: restart }, h("option", { value: "-created_at" }, "Newest first"), h("option", { value: "created_at" }, "Oldest first")),
  };
  filters.status.value = query.get("status") ?? "";
  const list = h("ul", { class: "jobs" });
  const below = h("div", { class: "below" });
  const element = h(
    "section",
    { class: "joblist", "aria-labelledby": "jobs-title", "aria-busy": "true" },
    h("div", { class: "headline" }, h("h2", { id: "jobs-title" }, title), h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() }, Object.values(filters))),
    list,
    below,
  );
  const rows = new Map();
  let wanted = PAGE;
  let asked = new AbortController();
  let cursor = null;
  fill(list, Array.from({ length: 3 }, () => h("li", { class: "jobrow skeleton", "aria-hidden": "true" })));

  const chosen = () => Object.fromEntries(Object.entries(filters).map(([name, { value }]) => [name, value.trim()]));

  async function look() {
    asked.abort();
    const mine = (asked = new AbortController());
    const stop = AbortSignal.any([signal, mine.signal]);
    try {
      const jobs = [];
      for (let at = null; ; ) {
        const answer = await ask(source, { ...chosen(), limit: Math.min(wanted - jobs.length, MOST), cursor: at }, { signal: stop });
        jobs.push(...answer.jobs);
        at = cursor = answer.next_cursor;
        if (!at || jobs.length >= wanted) break;
      }
      show(jobs);
    } catch (error) {
      if (mine.signal.aborted && !signal.aborted) return;
      throw error;
    }
  }
  function show(jobs) {
    element.setAttribute("aria-busy", "false");
    for (const job of jobs) {
      if (!rows.has(job.job_id)) rows.set(job.job_id, jobRow(job, { withOwner }));
      rows.get(job.job_id).update(job);
    }
    const elements = jobs.map((job) => rows.get(job.job_id).element);
    // Left alone where nothing moved, so that focus and selection stay.
    if (elements.length !== list.children.length || elements.some((each, at) => list.children[at] !== each)) fill(list, elements);
    fill(below, jobs.length ? cursor && moreButton : blank());
  }
  const moreButton = h("button", { type: "button", class: "more", onclick: more }, "Show more");
  function more() {
    wanted += PAGE;
    refresh();
  }
  function blank() {
    const { sort, ...narrowing } = chosen();
    if (Object.values(narrowing).some(Boolean)) return h("p", { class: "blank small" }, "No job is like that. ", h("button", { type: "button", class: "link", onclick: widen }, "Show all"));
    return h("div", { class: "blank" }, icon("open"), h("p", {}, h("strong", {}, "Nothing here yet.")), h("p", {}, "A document that you send is cut into chunks, read side by side, and bound again. You see every step here."));
  }
  function widen() {
    for (const [name, filter] of Object.entries(filters)) if (name !== "sort") filter.value = "";
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
  regularly(SECONDS, look, signal).catch(failed);
  return { element, refresh };
}
