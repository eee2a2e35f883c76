// One job as it goes on: read once, then kept up to date by its events.

import { ask, insist, regularly } from "../api.js";
import { spent } from "../credits.js";
import { announce, fill, h, later } from "../dom.js";
import { hasEnded } from "../format.js";
import { icon } from "../icons.js";
import { complain, trouble } from "../notices.js";
import { follow } from "../stream.js";
import { tabs } from "../tabs.js";
import { chunkGrid } from "./grid.js";
import { jobHead } from "./jobhead.js";
import { logLines, webhookLog } from "./joblog.js";
import { problemList } from "./problems.js";
import { trail } from "./trail.js";

const PAGE = 500;
const SECONDS = 2;
/** What changes the chunks themselves, and not only one's state. */
const REPLANNED = new Set(["planned", "split", "job_retried", "job_cancelled", "merging", "end"]);

/** Shows the job with the id `job`. */
export function openJob(root, { job, signal }) {
  showJob(root, { id: job, signal, isOwn: true });
}

/** Shows an operator the job with the id `job`, whosever it is: to look at, not to act upon. */
export function openAnyJob(root, { job, signal }) {
  showJob(root, { id: job, signal, isOwn: false });
}

function showJob(root, { id, signal, isOwn }) {
  const here = `/v1/${isOwn ? "" : "admin/"}jobs/${encodeURIComponent(id)}`;
  const back = () => h("p", { class: "crumbs" }, h("a", { href: isOwn ? "#/" : "#/admin" }, icon("back"), isOwn ? "All jobs" : "Administration"));
  const head = jobHead({ changed, isOwn });
  const grid = chunkGrid();
  const problems = problemList();
  const events = trail();
  const logs = logLines(`${here}/logs`, signal);
  const hooks = webhookLog(`${here}/webhooks`, signal);
  const folders = tabs("About this job", [
    { name: "What happened", element: events.element },
    { name: "Log", element: logs.element, opened: logs.open, closed: logs.close },
    ...(isOwn ? [{ name: "Webhooks", element: hooks.element, opened: hooks.look }] : []),
  ]);
  document.title = "Job – Quire";
  fill(root, back(), head.element, problems.element, grid.element, folders.element);

  let last = 0;
  let following = false;

  async function begin() {
    try {
      // The job first, its history before its chunks: what comes later is never older.
      changed(await insist(() => ask(here, {}, { signal }), signal));
      await readHistory();
      await readChunks();
      await (isOwn ? live() : looked());
    } catch (error) {
      if (!signal.aborted && error.status !== 401) failed(error);
    }
  }
  function failed(error) {
    const again = error.status === 404 ? null : () => openAgain();
    fill(root, back(), h("h1", { tabindex: -1 }, "This job can't be shown"), trouble(error, again));
  }
  function openAgain() {
    showJob(root, { id, signal, isOwn });
  }

  async function readHistory() {
    for (;;) {
      const answer = await insist(() => ask(`${here}/history`, { after: last || null, limit: PAGE }, { signal }), signal);
      events.add(answer.events);
      last = Math.max(last, ...answer.events.map((event) => event.id));
      if (!answer.next_after) return;
    }
  }
  async function readChunks() {
    const chunks = [];
    for (let cursor = null; ; ) {
      const answer = await insist(() => ask(`${here}/chunks`, { limit: PAGE, cursor }, { signal }), signal);
      chunks.push(...answer.chunks);
      cursor = answer.next_cursor;
      if (!cursor) break;
    }
    grid.show(chunks);
  }
  const readChunksSoon = later(120, () => readChunks().catch((error) => signal.aborted || complain(error)), signal);

  /** There is no stream of another's job: it is looked at now and then. */
  async function looked() {
    const ended = new AbortController();
    const stop = AbortSignal.any([signal, ended.signal]);
    await regularly(SECONDS, async () => {
      changed(await ask(here, {}, { signal: stop }));
      await readHistory();
      await readChunks();
      logs.lookSoon();
      if (hasEnded(head.job)) ended.abort();
    }, stop);
  }
  async function live() {
    if (following || hasEnded(head.job)) return;
    following = true;
    try {
      await follow(`${here}/events`, { after: last, heard, signal });
    } finally {
      following = false;
    }
  }
  function heard(kind, content, number) {
    if (number) {
      last = Math.max(last, Number(number));
      events.add([{ id: Number(number), kind, at: content.at, details: content.details ?? {} }]);
      grid.heard(kind, content.details ?? {}, content.at);
    }
    changed(content.job);
    if (REPLANNED.has(kind)) readChunksSoon();
    logs.lookSoon();
    if (kind === "end") hooks.look();
  }

  const announceLine = later(1200, (line) => announce(line), signal);
  function changed(job) {
    if (!job) return;
    const before = head.job;
    head.show(job);
    problems.show(job);
    grid.rest(job);
    document.title = `${hasEnded(job) ? "" : `${job.stage_percent ?? job.progress_percent} % `}${job.filename} – Quire`;
    if (before && before.message !== job.message) announceLine(job.message);
    if (before && before.status !== job.status) spent();
    // A retry makes an ended job go on.
    if (isOwn && before && hasEnded(before) && !hasEnded(job)) live().catch((error) => signal.aborted || complain(error));
  }

  const ticking = setInterval(head.tick, 1000);
  signal.addEventListener("abort", () => clearInterval(ticking));
  begin();
}
