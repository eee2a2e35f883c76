// A job's events as they happen: server-sent events read by fetch, because an EventSource can send
// no Authorization header.

import { connection, passes, send } from "./api.js";
import { pause } from "./dom.js";

/** The API speaks at least every 15 seconds; a stream silent for so long is dead. */
const SILENCE = 40000;

/**
 * Calls `heard(kind, content, id)` for every event behind `after`, once and in order, however often
 * the connection breaks, until the job ends or the signal says stop. Raises what does not pass.
 */
export async function follow(path, { after, heard, signal }) {
  let last = after ? String(after) : "";
  for (let wait = 250; !signal.aborted; wait = Math.min(wait * 2, 15000)) {
    const broken = new AbortController();
    const stop = () => broken.abort();
    signal.addEventListener("abort", stop);
    // A stream from before the network was away may be dead, and would be known to be by silence.
    addEventListener("online", stop);
    let silence = setTimeout(stop, SILENCE);
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const answer = await send(path, { headers, signal: broken.signal });
      for await (const message of messages(answer.body)) {
        clearTimeout(silence);
        silence = setTimeout(stop, SILENCE);
        wait = 250;
        if (message.id) last = message.id;
        if (message.kind === null) continue;
        heard(message.kind, JSON.parse(message.text), message.id);
        if (message.kind === "end") return;
      }
    } catch (error) {
      if (signal.aborted) return;
      // A body that breaks off is a TypeError, one that we gave up an AbortError.
      if (error instanceof TypeError || error.name === "AbortError") connection.set(false);
      else if (!passes(error)) throw error;
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
      removeEventListener("online", stop);
      broken.abort();
    }
    await nextTry(wait * (0.75 + Math.random() / 2), signal);
  }
}

/** Waits, but no longer than until the network is back. */
async function nextTry(wait, signal) {
  const back = new AbortController();
  const now = () => back.abort();
  addEventListener("online", now, { once: true });
  signal.addEventListener("abort", now, { once: true });
  await pause(wait, back.signal);
  removeEventListener("online", now);
}

async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let message = { id: "", kind: null, lines: [] };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const text = line.replace(/\r$/, "");
      if (text === "") {
        const { id, kind, lines: content } = message;
        yield { id, kind: content.length ? (kind ?? "message") : null, text: content.join("\n") };
        message = { id: "", kind: null, lines: [] };
        continue;
      }
      const [, field, content] = /^([^:]*)(?:: ?(.*))?$/.exec(text) ?? [];
      if (field === "id") message.id = content ?? "";
      else if (field === "event") message.kind = content ?? "";
      else if (field === "data") message.lines.push(content ?? "");
    }
  }
}
