// For operators: everybody's jobs, the queues and the workers.

import { ask, regularly } from "../api.js";
import { fill, h } from "../dom.js";
import { count, counted, duration, pages, size } from "../format.js";
import { trouble } from "../notices.js";
import { isAdministrator } from "../session.js";
import { jobList } from "./joblist.js";

const SECONDS = 4;
/** Tasks that are told one by one. */
const MOST = 12;

/** Shows the administration, where the token is good for it. */
export function openAdmin(root, { query, signal }) {
  document.title = "Admin – Quire";
  if (!isAdministrator()) {
    return fill(root, h("section", { class: "blank" }, h("h1", { tabindex: -1 }, "Not for this token"), h("p", {}, "The administration needs a token with the role ", h("code", {}, "admin"), ".")));
  }
  const queues = part("Queues", "queues");
  const workers = part("Workers", "workers");
  const jobs = jobList({ query, signal, source: "/v1/admin/jobs", withOwner: true, title: "Everybody's jobs" });
  fill(root, h("h1", { tabindex: -1 }, "Administration"), h("div", { class: "adminparts" }, queues.element, workers.element), jobs.element);
  watch(queues, "/v1/admin/queues", queueTable);
  watch(workers, "/v1/admin/workers", workerTable);

  function watch({ body }, address, drawn) {
    const look = async () => fill(body, drawn(await ask(address, {}, { signal })));
    const begin = () => regularly(SECONDS, look, signal).catch((error) => signal.aborted || error.status === 401 || fill(body, trouble(error, begin)));
    begin();
  }
  return undefined;
}

function part(title, name) {
  const body = h("div", { class: "body" }, h("div", { class: "skeleton", "aria-hidden": "true" }));
  return { body, element: h("section", { class: `adminpart ${name}`, "aria-labelledby": `${name}-title` }, h("h2", { id: `${name}-title` }, title), body) };
}

function queueTable({ queues, unacknowledged, message }) {
  const waiting = (queue) => queue.pending + queue.due_later;
  const oldest = Math.max(0, ...queues.map((queue) => queue.oldest_seconds ?? 0));
  const silent = queues.reduce((sum, queue) => sum + queue.expired_leases, 0);
  return [
    sums([
      ["Chunks waiting", count(queues.reduce((sum, queue) => sum + waiting(queue), 0))],
      ["Being read", count(queues.reduce((sum, queue) => sum + queue.processing, 0))],
      ["Oldest waits", oldest ? duration(oldest) : "nothing waits"],
    ]),
    table(
      ["Priority", "Documents", "Ready", "Put back", "Being read", "Messages"],
      queues.map((queue) => [queue.priority, queue.documents, queue.pending, queue.due_later, queue.processing, queue.messages]),
    ),
    h("p", { class: "hint" }, [message, unacknowledged && `${counted(unacknowledged, "message")} taken and not acknowledged.`, silent && `${counted(silent, "worker")} fell silent.`].filter(Boolean).join(" ")),
  ];
}

function workerTable({ workers, message }) {
  const busy = workers.flatMap((worker) => worker.active);
  return [
    sums([
      ["Processes at work", `${count(busy.length)} of ${count(workers.reduce((sum, worker) => sum + worker.concurrency, 0))}`],
      ["Tasks taken", count(workers.reduce((sum, worker) => sum + worker.processed, 0))],
    ]),
    workers.length > 0 &&
      table(
        ["Worker", "At work", "Up for", "Memory"],
        workers.map((worker) => [worker.name, `${worker.active.length} of ${worker.concurrency}`, duration(worker.uptime_seconds), worker.max_memory_bytes ? size(worker.max_memory_bytes) : "unknown"]),
      ),
    h("ul", { class: "held" }, busy.slice(0, MOST).map(taskLine)),
    h("p", { class: "hint" }, message),
  ];
}

function taskLine({ job_id: job, chunk_index: index, page_start: first, page_end: last, since }) {
  const what = index === null ? "A task that is none of Quire's" : `Chunk ${count(index + 1)}${first ? ` (${pages(first, last)})` : ""}`;
  const long = since ? `, for ${duration(Math.max(0, (Date.now() - new Date(since)) / 1000))}` : "";
  return h("li", {}, what, job && h("span", {}, " of job ", h("code", {}, job.slice(0, 8))), long);
}

function sums(pairs) {
  return h("dl", { class: "sum" }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function table(heads, rows) {
  const kind = (at) => (at ? "n" : null);
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, heads.map((head, at) => h("th", { scope: "col", class: kind(at) }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value, at) => h(at ? "td" : "th", { scope: at ? null : "row", class: kind(at) }, typeof value === "number" ? count(value) : (value ?? "unknown")))))),
  );
}
