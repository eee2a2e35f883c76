// What follows the reading, as steps in a row: which are done, and how far the one under work is.

import { fill, h, say } from "../dom.js";
import { count, counted, duration } from "../format.js";

/** The stages after OCR, as people see what comes out of them. */
export const STEP_NAMES = {
  text: "Clean text",
  sentences: "Sentences",
  passages: "Passages",
  entities: "Names and dates",
  embedding: "Meaning",
  tree: "Outline",
  vectors: "Search index",
};

/** The row; hidden while there are none. */
export function jobSteps() {
  const element = h("ol", { class: "steps", "aria-label": "After the reading", hidden: true });
  let rows = new Map();
  return { element, show };

  function show(job) {
    const names = job.stages.map(({ stage }) => stage);
    if (names.join() !== [...rows.keys()].join()) {
      rows = new Map(job.stages.map((step) => [step.stage, row(step)]));
      fill(element, [...rows.values()].map((each) => each.element));
      element.hidden = !names.length;
    }
    for (const step of job.stages) rows.get(step.stage).update(step, step.stage === job.stage ? job.stage_percent : null);
  }
}

function row({ stage }) {
  const name = STEP_NAMES[stage] ?? stage;
  const said = h("span", { class: "state" });
  const done = h("span", { class: "done" });
  const bar = h("span", { class: "bar" }, done);
  const element = h("li", { data: { stage } }, h("b", {}, name), said, bar);
  return { element, update };

  function update(step, percent) {
    element.dataset.state = step.status;
    element.title = details(step);
    say(said, state(step));
    done.style.inlineSize = `${step.percent}%`;
    // Only the one under work is read out as a gauge.
    const isCurrent = percent !== null && step.status !== "completed";
    for (const [attribute, value] of Object.entries({ role: "progressbar", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": percent })) {
      if (isCurrent) bar.setAttribute(attribute, value);
      else bar.removeAttribute(attribute);
    }
  }
}

function state({ status, percent, done, total, seconds, error }) {
  if (status === "completed") return seconds < 0.05 ? "done" : `done in ${duration(seconds)}`;
  if (status === "failed") return error?.message ?? "failed";
  if (status === "skipped") return "left out";
  if (status === "processing" || done) return total ? `${percent} %, ${count(done)} of ${count(total)}` : `${percent} %`;
  return "waits";
}

function details({ done, total, unit, seconds, checkpoints }) {
  return total === null ? "" : `${count(done)} of ${counted(total, unit)}, ${counted(checkpoints, "checkpoint")}, ${duration(seconds)} of work`;
}
