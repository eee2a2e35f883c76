// What a job is, how far it is, and what one may do about it.

import { act, send } from "../api.js";
import { arrange, control } from "../controls.js";
import { h, say } from "../dom.js";
import { ago, counted, duration, hasEnded, hasResult, moment, remaining, STATUS_NAMES } from "../format.js";
import { icon } from "../icons.js";
import { complain, notice, question } from "../notices.js";
import { barOf } from "./jobrow.js";
import { jobSteps } from "./jobsteps.js";
import { canBeMadeSearchable, makeSearchable } from "./makesearchable.js";

/** What needs a password before it can be tried again. */
const LOCKED = /PASSWORD|ENCRYPTED/;

/** The head of the view; `changed(job)` is told what an action made of the job. Nobody may act on another's. */
export function jobHead({ changed, isOwn = true }) {
  const title = h("h1", { tabindex: -1, dir: "auto" }, "\u00a0");
  const state = h("span", { class: "chip" });
  const line = h("p", { class: "line" }, "\u00a0");
  const eta = h("p", { class: "eta" }, "\u00a0");
  const done = h("span", { class: "done" });
  const lost = h("span", { class: "lost" });
  const percent = h("span", { class: "percent" });
  const bar = h("div", { class: "bar big", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 }, done, lost);
  const steps = jobSteps();
  const facts = h("p", { class: "facts" }, "\u00a0");
  const openLabel = h("span");
  const open = h("a", { class: "button" }, icon("open"), openLabel);
  const controls = {
    pause: control("pause", "Pause", () => change("pause")),
    resume: control("resume", "Resume", () => change("resume"), "primary"),
    retry: control("retry", "Retry what failed", retry, "primary"),
    cancel: control("cancel", "Cancel", cancel),
  };
  const searchable = control("search", "Make searchable", async () => changed(await makeSearchable(head.job.job_id)));
  const downloads = ["json", "text"].map((form) =>
    h("button", { type: "button", onclick: () => download(head.job, form).catch(complain), "aria-label": `Download ${form === "json" ? "JSON" : "text"}` }, icon("down"), form === "json" ? "JSON" : "Text"),
  );
  const buttons = h("div", { class: "row controls" });
  const element = h(
    "section",
    { class: "jobhead", "aria-busy": "true" },
    h("div", { class: "headline" }, h("div", { class: "title" }, title, state), buttons),
    h("div", { class: "progress" }, h("div", { class: "said" }, line, eta), h("div", { class: "gauge" }, bar, percent), steps.element),
    facts,
  );
  let received = 0;
  const head = { element, job: null, show, tick };
  return head;

  function show(job) {
    head.job = job;
    received = performance.now();
    element.setAttribute("aria-busy", "false");
    element.dataset.status = job.status;
    say(title, job.filename);
    say(state, STATUS_NAMES[job.status] ?? job.status);
    say(line, job.message);
    say(percent, `${job.progress_percent} %`);
    bar.setAttribute("aria-valuenow", job.progress_percent);
    bar.setAttribute("aria-valuetext", `${job.progress_percent} %, ${job.message}`);
    barOf(job, done, lost);
    steps.show(job);
    // A job that is read again, or whose retry failed, has the result of the run before.
    const isEarlier = job.status !== "completed" && job.status !== "completed_with_errors";
    say(openLabel, isEarlier ? "Open the earlier result" : "Open the result");
    open.classList.toggle("primary", !isEarlier);
    controls.retry.classList.toggle("primary", isEarlier || !hasResult(job));
    open.href = `#/jobs/${job.job_id}/pages/1`;
    arrange(buttons, !isOwn ? [] : [
      hasResult(job) && open,
      ...(hasResult(job) ? downloads : []),
      canBeMadeSearchable(job) && searchable,
      ...Object.entries(controls).filter(([action]) => job[`can_${action}`]).map(([, button]) => button),
    ].filter(Boolean), title);
    tick();
  }
  function tick() {
    const job = head.job;
    if (!job) return;
    const left = job.eta && job.eta.seconds - (performance.now() - received) / 1000;
    say(eta, job.eta ? `${remaining(left)} · ${job.eta.basis}` : tookOf(job) ?? "\u00a0");
    const said = [
      job.total_pages && counted(job.total_pages, "page"),
      job.total_chunks && counted(job.total_chunks, "chunk"),
      job.page_count && job.page_count !== job.total_pages && job.total_pages && `of a document of ${counted(job.page_count, "page")}`,
      `sent ${ago(job.created_at)}`,
      job.owner && `of ${job.owner}`,
      job.matter && `matter ${job.matter}`,
      job.priority !== "normal" && `${job.priority} priority`,
      job.retries && `retried ${job.retries === 1 ? "once" : `${job.retries} times`}`,
    ].filter(Boolean);
    say(facts, said.join("  ·  "));
    facts.title = moment(job.created_at);
  }

  async function change(action, json) {
    changed(await act(head.job.job_id, action, json));
  }
  async function cancel() {
    const sure = await question({
      title: "Cancel this job?",
      text: head.job.retries
        ? `What the retry has read is removed, and it costs nothing. ${hasResult(head.job) ? "The earlier result stays. " : ""}It can't be taken back.`
        : "What has been read so far is removed, and nothing is charged. It can't be taken back.",
      yes: "Cancel the job",
      danger: true,
    });
    if (sure !== null) await change("cancel");
  }
  async function retry() {
    if (!LOCKED.test(head.job.error?.code ?? "")) return change("retry");
    const password = await question({
      title: "Which password?",
      text: "The document is locked. The password is used for this reading and then forgotten.",
      yes: "Retry",
      no: "Not now",
      field: { type: "password", label: "Password" },
    });
    if (password !== null) await change("retry", { password });
  }
}

/** How long an ended job took; null where nobody can say: a retried one lay idle for a while in between. */
function tookOf(job) {
  if (!hasEnded(job) || !job.started_at || job.retries) return null;
  return `took ${duration((new Date(job.finished_at) - new Date(job.started_at)) / 1000)}`;
}

/** Has the browser download the result: the API answers with a link that carries its own authority. */
export async function download(job, form) {
  const stop = new AbortController();
  const answer = await send(`/v1/jobs/${job.job_id}/result?format=${form}`, { signal: stop.signal });
  const address = answer.url;
  // Only the address was wanted: the browser itself writes the file, however long it is.
  stop.abort();
  const link = h("a", { href: address, download: `${job.filename.replace(/\.pdf$/i, "")}.${form === "json" ? "json" : "txt"}` });
  document.body.append(link);
  link.click();
  link.remove();
  notice("The download has begun.");
}
