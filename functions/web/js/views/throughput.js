// Pages a minute over a batch's time, as a chart that grows.

import { ask, regularly } from "../api.js";
import { h, pause } from "../dom.js";
import { counted, duration, pace } from "../format.js";
import { complain } from "../notices.js";
import { chart } from "./chart.js";

const SECONDS = 5;
/** A look that takes long is taken more seldom: after so many times its own length. */
const REST = 20;

/** The section; `changed(batch)` is told of each change of the batch. */
export function throughput(address, signal) {
  const drawn = chart({ label: "Throughput", unit: "pages a minute", columns: ["page", "document"], signal });
  const element = h("section", { class: "throughput", "aria-labelledby": "throughput-title" }, h("div", { class: "headline" }, h("h2", { id: "throughput-title" }, "Throughput"), h("p", { class: "hint" }, "pages a minute")), drawn.element);
  let batch = null;
  let ended = false;
  let running = false;
  return { element, changed };

  function changed(now) {
    const wasOver = ended;
    batch = now;
    ended = now.finished_at !== null;
    // Once more behind the end, for the last bar's sake.
    if (!running && !(ended && wasOver)) watch();
  }
  async function watch() {
    running = true;
    const over = new AbortController();
    const stop = AbortSignal.any([signal, over.signal]);
    try {
      await regularly(SECONDS, async () => {
        const last = ended;
        const began = performance.now();
        show(await ask(address, {}, { signal: stop }));
        if (last) over.abort();
        else await pause(Math.max(0, (performance.now() - began) * REST - SECONDS * 1000), stop);
      }, stop);
    } catch (error) {
      if (!signal.aborted && error.status !== 401) complain(error);
    } finally {
      running = false;
    }
  }
  function show({ bucket_seconds: seconds, points }) {
    const all = points.map((point, at) => ({
      at: point.at,
      seconds,
      value: point.pages_per_minute,
      cells: [point.pages, point.documents],
      isPartial: at === points.length - 1 && !ended,
    }));
    const read = points.reduce((sum, { pages }) => sum + pages, 0);
    const most = Math.max(0, ...points.map((point) => point.pages_per_minute));
    drawn.show(all, read ? `${counted(read, "page")} read; at most ${pace(most)} pages a minute. A bar is ${duration(seconds)}.` : batch.status === "pending" ? "Nothing has been read yet." : "No page has been read yet.");
  }
}
