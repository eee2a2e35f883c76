// What a recovery leaves alone, and why.

import { ask, insist } from "../api.js";
import { fill, h } from "../dom.js";
import { counted } from "../format.js";
import { complain } from "../notices.js";

const PAGE = 50;

/** The list; hidden where nothing was left alone. `changed(batch)` tells of the batch. */
export function skippedList(address, signal) {
  const list = h("ul");
  const below = h("div", { class: "below" });
  const title = h("h2", { id: "skipped-title" });
  const element = h("section", { class: "problems skipped", "aria-labelledby": "skipped-title", hidden: true }, title, list, below);
  let begun = false;
  return { element, changed };

  function changed(batch) {
    if (begun || !batch.skipped_count) return;
    begun = true;
    element.hidden = false;
    fill(title, `Left alone: ${counted(batch.skipped_count, "document")}`);
    further(null);
  }
  function further(cursor) {
    look(cursor).catch((error) => signal.aborted || complain(error));
  }
  async function look(cursor) {
    const answer = await insist(() => ask(address, { limit: PAGE, cursor }, { signal }), signal);
    list.append(...answer.skipped.map(row));
    fill(below, answer.next_cursor && h("button", { type: "button", class: "more", onclick: () => further(answer.next_cursor) }, "Show more"));
  }

  function row({ filename, job_id: job, pages, code, message }) {
    const which = pages ? `, ${/^\d+$/.test(pages) ? "page" : "pages"} ${pages}` : "";
    return h("li", { dir: "auto" }, h("a", { href: `#/jobs/${job}` }, filename), `${which}: ${message}`, h("code", {}, code));
  }
}
