// How far a batch is: a bar with a part for each state of its documents, told apart by colour and by
// pattern, and a legend with the counts.

import { h, say } from "../dom.js";
import { count, DOCUMENT_STATES } from "../format.js";

const STATES = Object.keys(DOCUMENT_STATES);
/** These stand in the legend also while no document is in them. */
const ALWAYS = new Set(["completed", "failed", "processing", "pending"]);

/** The bar alone; decoration where the words stand beside it. */
export function batchBar(kind = "") {
  const parts = Object.fromEntries(STATES.map((state) => [state, h("span", { data: { state } })]));
  const element = h("div", { class: `bar byparts ${kind}`, "aria-hidden": "true" }, Object.values(parts));
  return { element, show };

  function show(batch) {
    for (const [state, part] of Object.entries(parts)) part.style.inlineSize = `${(batch[state] / Math.max(1, batch.total)) * 100}%`;
  }
}

/** What the parts mean, and how many documents each stands for. */
export function batchLegend() {
  const rows = Object.fromEntries(
    STATES.map((state) => {
      const number = h("b", {}, "0");
      return [state, { number, element: h("li", { data: { state } }, h("i", { "aria-hidden": "true" }), number, ` ${DOCUMENT_STATES[state]}`) }];
    }),
  );
  const element = h("ul", { class: "legend parts", "aria-label": "Documents by their state" }, Object.values(rows).map((row) => row.element));
  return { element, show };

  function show(batch) {
    // As wide as the largest number can get: nothing moves while it counts.
    element.style.setProperty("--digits", `${count(batch.total).length}ch`);
    for (const [state, row] of Object.entries(rows)) {
      say(row.number, count(batch[state]));
      row.element.hidden = !batch[state] && !ALWAYS.has(state);
    }
  }
}

/** A batch's name, or what it is. */
export function nameOf(batch) {
  const kinds = { recovery: "Recovery", warm: "Filling the cache" };
  return batch.name || `${kinds[batch.purpose] ?? "Batch"} of ${count(batch.total)} ${batch.total === 1 ? "document" : "documents"}`;
}

/** How many of its documents have ended, whatever their end. */
export function endedOf(batch) {
  return batch.completed + batch.completed_with_errors + batch.failed + batch.cancelled;
}
