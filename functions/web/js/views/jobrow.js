// One job in a list.

import { fill, h, say } from "../dom.js";
import { ago, counted, hasEnded, moment, STATUS_NAMES } from "../format.js";

/** A row, and how to bring it up to date. */
export function jobRow(job, { withOwner = false } = {}) {
  const name = h("a", { href: `#/jobs/${job.job_id}`, dir: "auto" }, job.filename);
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
  const total = job.total_chunks;
  // Where nothing could be cut, the whole has failed.
  const share = (count) => (total ? count / total : 0);
  const whole = hasEnded(job) && job.status === "failed" && !total;
  done.style.inlineSize = `${share(job.completed_chunks) * 100}%`;
  lost.style.inlineSize = `${whole ? 100 : share(job.failed_chunks) * 100}%`;
}
