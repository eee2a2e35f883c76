// What a batch is, how far it is, and what one may do about it.

import { send } from "../api.js";
import { arrange, busy, control } from "../controls.js";
import { fill, h, say } from "../dom.js";
import { ago, count, counted, duration, hasEnded, moment, pace, percent, remaining, STATUS_NAMES } from "../format.js";
import { question } from "../notices.js";
import { batchBar, batchLegend, endedOf, nameOf } from "./batchbar.js";

const PRIORITIES = ["high", "normal", "low"];

const FACTS = {
  pages: "Pages",
  pace: "Throughput",
  cache: "From the cache",
  elapsed: "Elapsed",
};

/** The head of the view; `changed(batch)` is told what an action made of the batch. */
export function batchHead({ changed }) {
  const title = h("h1", { tabindex: -1, dir: "auto" }, "\u00a0");
  const state = h("span", { class: "chip" });
  const line = h("p", { class: "line" }, "\u00a0");
  const eta = h("p", { class: "eta" }, "\u00a0");
  const bar = batchBar("big");
  const legend = batchLegend();
  const gauge = h("div", { role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 }, bar.element);
  const share = h("span", { class: "percent" });
  const facts = Object.fromEntries(Object.keys(FACTS).map((name) => [name, h("dd", {}, "\u2013")]));
  const priority = h("select", { id: "batch-priority", onchange: prioritize }, PRIORITIES.map((name) => h("option", { value: name }, name)));
  const related = h("p", { class: "related hint" });
  const controls = {
    pause: control("pause", "Pause", () => act("pause")),
    resume: control("resume", "Resume", () => act("resume"), "primary"),
    cancel: control("cancel", "Cancel", cancel),
  };
  const buttons = h("div", { class: "row controls" });
  const element = h(
    "section",
    { class: "jobhead batchhead", "aria-busy": "true" },
    h("div", { class: "headline" }, h("div", { class: "title" }, title, state), buttons),
    h("div", { class: "progress" }, h("div", { class: "said" }, line, eta), h("div", { class: "gauge" }, gauge, share), legend.element),
    h(
      "dl",
      { class: "sums" },
      Object.entries(FACTS).map(([name, words]) => h("div", {}, h("dt", {}, words), facts[name])),
      h("div", { class: "first" }, h("dt", {}, h("label", { for: "batch-priority" }, "Priority")), h("dd", {}, priority)),
    ),
    related,
  );
  let received = 0;
  let told = "";
  const head = { element, batch: null, show, tick };
  return head;

  function show(batch) {
    head.batch = batch;
    received = performance.now();
    element.setAttribute("aria-busy", "false");
    element.dataset.status = batch.status;
    say(title, nameOf(batch));
    say(state, STATUS_NAMES[batch.status] ?? batch.status);
    say(line, sentenceOf(batch));
    const done = Math.floor(batch.completion_percentage);
    say(share, `${done} %`);
    gauge.setAttribute("aria-valuenow", done);
    gauge.setAttribute("aria-valuetext", `${done} %, ${sentenceOf(batch)}`);
    bar.show(batch);
    legend.show(batch);
    say(facts.pages, `${count(batch.completed_pages)} of ${count(batch.total_pages)}${batch.pending && !hasEnded(batch) ? " so far" : ""}${batch.failed_pages ? `, ${count(batch.failed_pages)} failed` : ""}`);
    say(facts.pace, batch.pages_per_minute ? `${pace(batch.pages_per_minute)} pages a minute` : "\u2013");
    say(facts.cache, batch.cached_pages ? `${counted(batch.cached_pages, "page")} (${percent(batch.cache_hit_rate ?? 0)})` : "nothing");
    // Not while somebody chooses.
    if (document.activeElement !== priority) priority.value = batch.priority;
    priority.disabled = hasEnded(batch);
    arrange(buttons, Object.entries(controls).filter(([action]) => batch[`can_${action}`]).map(([, button]) => button), title);
    relate(batch);
    tick();
  }
  function tick() {
    const batch = head.batch;
    if (!batch) return;
    const since = (performance.now() - received) / 1000;
    const runs = batch.status === "processing";
    say(eta, runs && batch.eta_seconds !== null ? remaining(batch.eta_seconds - since) : "\u00a0");
    say(facts.elapsed, batch.elapsed_seconds === null ? "\u2013" : duration(Math.floor(batch.elapsed_seconds + (hasEnded(batch) ? 0 : since))));
  }
  /** Where the batch comes from, and what came of it. */
  function relate(batch) {
    const key = JSON.stringify([batch.origin_id, batch.recoveries, batch.matter, batch.skipped_count]);
    if (key === told) return;
    told = key;
    const way = (id, words) => h("a", { href: `#/batches/${id}` }, words);
    const parts = [
      batch.purpose === "warm" && "fills the cache alone, without results",
      batch.origin_id && [batch.purpose === "recovery" ? "recovers what failed in " : "of ", way(batch.origin_id, "the original batch"), batch.skipped_count > 0 && `, and leaves ${counted(batch.skipped_count, "document")} alone`],
      batch.recoveries.length > 0 && [batch.recoveries.length === 1 ? "recovered by " : "recovered by: ", batch.recoveries.map((id, at) => [at > 0 && ", ", way(id, batch.recoveries.length === 1 ? "a later batch" : `batch ${at + 1}`)])],
      batch.matter && `matter ${batch.matter}`,
      h("time", { datetime: batch.created_at, title: moment(batch.created_at) }, `sent ${ago(batch.created_at)}`),
    ].filter(Boolean);
    fill(related, parts.map((part, at) => [at > 0 && "  ·  ", part]));
  }

  async function act(action) {
    changed(await (await send(`/v1/batches/${head.batch.batch_id}/${action}`, { method: "POST" })).json());
  }
  async function cancel() {
    const left = head.batch.total - endedOf(head.batch);
    const sure = await question({
      title: "Cancel this batch?",
      text: `${counted(left, "document")} that ${left === 1 ? "is" : "are"} not finished ${left === 1 ? "is" : "are"} given up, and ${left === 1 ? "costs" : "cost"} nothing. What is completed stays. It can't be taken back.`,
      yes: "Cancel the batch",
      danger: true,
    });
    if (sure !== null) await act("cancel");
  }
  async function prioritize() {
    await busy(priority, async () => {
      try {
        changed(await (await send(`/v1/batches/${head.batch.batch_id}`, { method: "PATCH", json: { priority: priority.value } })).json());
      } catch (error) {
        priority.value = head.batch.priority;
        throw error;
      }
    });
  }
}

/** The batch in a line. */
export function sentenceOf(batch) {
  const ended = endedOf(batch);
  const of = `${count(ended)} of ${counted(batch.total, "document")}`;
  switch (batch.status) {
    case "pending":
      return `Waiting: ${counted(batch.total, "document")}`;
    case "paused":
      return `Paused at ${of}`;
    case "completed":
      return `Completed: ${counted(batch.total, "document")}`;
    case "completed_with_errors":
      return `Completed with errors: ${count(batch.completed)} of ${counted(batch.total, "document")} in full`;
    case "failed":
      return `Failed: none of ${counted(batch.total, "document")} could be read`;
    case "cancelled":
      return `Cancelled: ${count(batch.completed + batch.completed_with_errors)} of ${counted(batch.total, "document")} had been read`;
    default:
      return `${of} done`;
  }
}
