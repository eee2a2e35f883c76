// For operators: everybody's jobs, the queues and the workers.

import { ask, regularly } from "../api.js";
import { fill, h } from "../dom.js";
import { count, duration } from "../format.js";
import { trouble } from "../notices.js";
import { isAdministrator } from "../session.js";
import { jobList } from "./joblist.js";

const SECONDS = 4;

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

function queueTable(answer) {
  return h("pre", {}, JSON.stringify(answer, null, 1));
}

function workerTable(answer) {
  return h("pre", {}, JSON.stringify(answer, null, 1));
}
