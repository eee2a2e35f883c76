// What the workers wrote about a job while they read it, and who was told how it ended.

import { ask } from "../api.js";
import { fill, h, later } from "../dom.js";
import { clock, counted, duration, moment } from "../format.js";
import { complain } from "../notices.js";

const PAGE = 200;
const MOST = 2000;

/** The log's lines, which grow while the folder is open. */
export function logLines(address, signal) {
  const list = h("ol", { class: "loglines" });
  const empty = h("p", { class: "blank small" }, "No line has been written yet.");
  const element = h("div", {}, empty, list);
  let after = null;
  let open = false;
  let busy = Promise.resolve();

  async function look() {
    while (open && !signal.aborted) {
      const answer = await ask(address, { after, limit: PAGE }, { signal });
      if (answer.lines.length) after = answer.lines.at(-1).id;
      list.append(...answer.lines.map(lineOf));
      while (list.children.length > MOST) list.firstElementChild.remove();
      empty.hidden = list.children.length > 0;
      if (!answer.next_after || !answer.lines.length) return;
    }
  }
  function lookNow() {
    busy = busy.then(look).catch((error) => signal.aborted || complain(error));
  }
  return {
    element,
    lookSoon: later(800, () => open && lookNow(), signal),
    open() {
      open = true;
      lookNow();
    },
    close() {
      open = false;
    },
  };
}

function lineOf(line) {
  const level = line.level.toLowerCase();
  const about = [line.chunk_index !== null && line.chunk_index !== undefined ? `chunk ${line.chunk_index + 1}` : null, line.attempt > 1 ? `attempt ${line.attempt}` : null].filter(Boolean).join(", ");
  const fields = Object.entries(line.fields ?? {}).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
  return h(
    "li",
    { data: { level } },
    h("time", { datetime: line.at, title: moment(line.at) }, clock(line.at)),
    h("b", {}, level),
    h("span", { dir: "auto" }, line.message, about && h("em", {}, about), fields && h("code", {}, fields)),
  );
}

/** The deliveries to the job's webhook. */
export function webhookLog(address, signal) {
  const element = h("div", {}, h("p", { class: "blank small" }, "Loading"));
  return { element, look };

  async function look() {
    try {
      const { deliveries } = await ask(address, {}, { signal });
      fill(element, deliveries.length ? h("ol", { class: "hooks" }, deliveries.map(deliveryOf)) : h("p", { class: "blank small" }, "Nobody was to be told: the document was sent without a webhook."));
    } catch (error) {
      if (!signal.aborted) complain(error);
    }
  }
}

function deliveryOf({ event, url, status, attempts, next_attempt_at: next }) {
  return h(
    "li",
    { data: { status } },
    h("p", {}, h("b", {}, event), " to ", h("span", { class: "url" }, url), h("span", { class: "chip" }, status)),
    h(
      "ol",
      {},
      attempts.map((attempt) =>
        h("li", {}, h("time", { datetime: attempt.at, title: moment(attempt.at) }, clock(attempt.at)), h("span", {}, [attempt.status_code && `HTTP ${attempt.status_code}`, attempt.error?.message, attempt.seconds !== null && attempt.seconds !== undefined && `after ${duration(attempt.seconds)}`].filter(Boolean).join(", "))),
      ),
    ),
    h("p", { class: "hint" }, [attempts.length ? counted(attempts.length, "attempt") : "Not tried yet", next && `next at ${clock(next)}`].filter(Boolean).join(", ")),
  );
}
