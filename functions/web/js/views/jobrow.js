// One job in a list.

import { fill, h, say } from "../dom.js";
import { ago, counted, hasEnded, moment, STATUS_NAMES } from "../format.js";

/** A row, and how to bring it up to date. */
export function jobRow(job, { withOwner = false } = {}) {
  const name = h("a", { href: `#${withOwner ? "/admin" : ""}/jobs/${job.job_id}`, dir: "auto" }, job.filename);
  const state = h("span", { class: "chip" });
  const line = h("p", { class: "line" });
  const done = h("span", { class: "done" });
  const lost = h("span", { class: "lost" });
  const bar = h("div", { class: "bar", "aria-hidden": "true" }, done, lost);
  const facts = h("p", { class: "facts" });
  const element = h("li", { class: "jobrow" }, h("h3", {}, name), state, line, bar, facts);
  return { element, update };

  function update(now) {
    element.dataset.status = now.status;
    say(state, STATUS_NAMES[now.status] ?? now.status);
    say(line, now.message);
    barOf(now, done, lost);
    const said = [
      withOwner && now.owner && h("span", { class: "owner" }, now.owner),
      now.total_pages || now.page_count ? h("span", {}, counted(now.total_pages || now.page_count, "page")) : null,
      now.total_chunks ? h("span", {}, counted(now.total_chunks, "chunk")) : null,
      now.matter && h("span", { dir: "auto" }, now.matter),
      now.priority !== "normal" && h("span", {}, `${now.priority} priority`),
      h("time", { datetime: now.created_at, title: moment(now.created_at) }, ago(now.created_at)),
    ].filter(Boolean);
    if (facts.textContent !== said.map((each) => each.textContent).join("")) fill(facts, said);
  }
}

/** Sets the two parts of a bar: what is done, and what has failed. */
export function barOf(job, done, lost) {
  // In the end pages count: a chunk may be completed without some of its pages.
  const byPages = hasEnded(job) && job.total_pages > 0;
  const [whole, good, bad] = byPages ? [job.total_pages, job.completed_pages, job.failed_pages] : [job.total_chunks, job.completed_chunks, job.failed_chunks];
  // Where nothing could be cut, all of it has failed.
  const nothing = job.status === "failed" && !whole;
  done.style.inlineSize = `${whole ? (good / whole) * 100 : 0}%`;
  lost.style.inlineSize = `${nothing ? 100 : whole ? (bad / whole) * 100 : 0}%`;
}
