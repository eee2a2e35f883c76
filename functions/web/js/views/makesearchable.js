// What stands where something is missing that only the stages after OCR make: why, and a button.

import { act, ask, insist } from "../api.js";
import { control } from "../controls.js";
import { h, pause, say } from "../dom.js";
import { hasEnded } from "../format.js";
import { complain } from "../notices.js";

const MILLISECONDS = 1000;

/** Whether the job's document could be made searchable, and is not. */
export function canBeMadeSearchable({ status, has_result: hasResult, stages }) {
  const isThere = stages.some(({ stage, status: now }) => stage === "vectors" && now === "completed");
  return hasResult && !isThere && (status === "completed" || status === "completed_with_errors");
}

/** Has all stages made, and returns the job as it is then. */
export function makeSearchable(id) {
  return act(id, "stages", { stages: ["all"] });
}

/** Says `why`, offers to make the job's document searchable, and calls `ready()` once it is. */
export function searchableOffer(id, { why, ready, signal }) {
  const line = h("p", { tabindex: -1, "aria-live": "polite" }, why);
  const button = control("search", "Make searchable", async () => follow(await makeSearchable(id)), "primary");
  // It may be on its way already.
  read().then((job) => !hasEnded(job) && follow(job)).catch(failed);
  return h("div", { class: "blank small offer" }, line, button);

  function read() {
    return insist(() => ask(`/v1/jobs/${encodeURIComponent(id)}`, {}, { signal }), signal);
  }
  async function follow(job) {
    if (button.contains(document.activeElement)) line.focus();
    button.hidden = true;
    while (!hasEnded(job)) {
      say(line, job.message);
      await pause(MILLISECONDS, signal);
      if (signal.aborted) return;
      job = await read();
    }
    button.hidden = false;
    const broken = job.stages.find(({ status }) => status === "failed");
    if (broken) say(line, broken.error?.message ?? "It could not be made.");
    else ready();
  }
  function failed(error) {
    if (!signal.aborted) complain(error);
  }
}
