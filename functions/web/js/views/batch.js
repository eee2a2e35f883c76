// One batch as it goes on: read once, then kept up to date by its events.

import { ask, insist, regularly } from "../api.js";
import { spent } from "../credits.js";
import { announce, fill, h, later } from "../dom.js";
import { hasEnded } from "../format.js";
import { icon } from "../icons.js";
import { complain, trouble } from "../notices.js";
import { follow } from "../stream.js";
import { nameOf } from "./batchbar.js";
import { documentTable } from "./batchdocuments.js";
import { batchHead, sentenceOf } from "./batchhead.js";
import { failureList } from "./failures.js";
import { skippedList } from "./skipped.js";
import { throughput } from "./throughput.js";

/** An ended batch goes on where what failed in it is recovered. */
const SECONDS = 10;

/** Shows the batch with the id `batch`. */
export function openBatch(root, { batch: id, signal }) {
  const here = `/v1/batches/${encodeURIComponent(id)}`;
  const back = () => h("p", { class: "crumbs" }, h("a", { href: "#/batches" }, icon("back"), "All batches"));
  const head = batchHead({ changed });
  const failures = failureList();
  const skipped = skippedList(`${here}/skipped`, signal);
  const paces = throughput(`${here}/throughput`, signal);
  const documents = documentTable(`${here}/documents`, signal);
  document.title = "Batch – Quire";
  fill(root, back(), head.element, failures.element, skipped.element, paces.element, documents.element);

  let last = "";
  let following = false;

  async function begin() {
    try {
      changed(await insist(() => ask(here, {}, { signal }), signal));
      await regularly(SECONDS, async () => {
        if (following) return;
        if (hasEnded(head.batch)) changed(await ask(here, {}, { signal }));
        else live();
      }, signal);
    } catch (error) {
      if (!signal.aborted && error.status !== 401) failed(error);
    }
  }
  function failed(error) {
    const again = error.status === 404 ? null : () => openBatch(root, { batch: id, signal });
    fill(root, back(), h("h1", { tabindex: -1 }, "This batch can't be shown"), trouble(error, again));
  }
  function live() {
    if (following || hasEnded(head.batch)) return;
    following = true;
    follow(`${here}/events`, { after: last, heard, signal })
      .catch((error) => signal.aborted || error.status === 401 || complain(error))
      .finally(() => (following = false));
  }
  function heard(kind, content, number) {
    if (number) last = number;
    const batch = content.batch ?? (content.batch_id ? content : null);
    if (batch) changed(batch);
  }

  const announceLine = later(2500, (line) => announce(line), signal);
  function changed(batch) {
    const before = head.batch;
    head.show(batch);
    failures.show(batch);
    skipped.changed(batch);
    paces.changed(batch);
    documents.changed(batch);
    document.title = `${hasEnded(batch) ? "" : `${Math.floor(batch.completion_percentage)} % `}${nameOf(batch)} – Quire`;
    if (before && sentenceOf(before) !== sentenceOf(batch)) announceLine(sentenceOf(batch));
    if (before && before.status !== batch.status) spent();
    if (before && hasEnded(before) && !hasEnded(batch)) live();
  }

  const ticking = setInterval(head.tick, 1000);
  signal.addEventListener("abort", () => clearInterval(ticking));
  begin();
}
