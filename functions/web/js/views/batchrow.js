// One batch in a list.

import { fill, h, say } from "../dom.js";
import { ago, count, counted, hasEnded, moment, pace, remaining, STATUS_NAMES } from "../format.js";
import { batchBar, endedOf, nameOf } from "./batchbar.js";

const PURPOSES = { recovery: "recovery", warm: "fills the cache" };

/** A row, and how to bring it up to date. */
export function batchRow(batch) {
  const name = h("a", { href: `#/batches/${batch.batch_id}`, dir: "auto" });
  const state = h("span", { class: "chip" });
  const line = h("p", { class: "line" });
  const bar = batchBar();
  const facts = h("p", { class: "facts" });
  const element = h("li", { class: "jobrow" }, h("h3", {}, name), state, line, bar.element, facts);
  return { element, update };

  function update(now) {
    element.dataset.status = now.status;
    say(name, nameOf(now));
    say(state, STATUS_NAMES[now.status] ?? now.status);
    say(line, lineOf(now));
    bar.show(now);
    const said = [
      PURPOSES[now.purpose] && h("span", {}, PURPOSES[now.purpose]),
      now.matter && h("span", { dir: "auto" }, now.matter),
      now.priority !== "normal" && h("span", {}, `${now.priority} priority`),
      h("time", { datetime: now.created_at, title: moment(now.created_at) }, ago(now.created_at)),
    ].filter(Boolean);
    if (facts.textContent !== said.map((each) => each.textContent).join("")) fill(facts, said);
  }
}

function lineOf(batch) {
  const ended = endedOf(batch);
  const isOver = hasEnded(batch);
  return [
    isOver ? counted(batch.total, "document") : `${count(ended)} of ${counted(batch.total, "document")}`,
    isOver && batch.failed > 0 && `${count(batch.failed)} failed`,
    isOver && batch.completed_with_errors > 0 && `${count(batch.completed_with_errors)} with errors`,
    batch.total_pages > 0 && (isOver ? counted(batch.completed_pages, "page") : `${count(batch.completed_pages)} of ${counted(batch.total_pages, "page")}`),
    batch.status === "processing" && batch.pages_per_minute > 0 && `${pace(batch.pages_per_minute)} pages a minute`,
    batch.status === "processing" && batch.eta_seconds !== null && remaining(batch.eta_seconds),
  ].filter(Boolean).join(" · ");
}
