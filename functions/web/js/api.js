// The HTTPS API as the page speaks it.

import { pause } from "./dom.js";
import { signOut, token } from "./session.js";

/** The API refused, and said why (RFC 9457). */
export class Problem extends Error {
  /** `said` is the whole answer, which may tell more than its sentence. */
  constructor(status, code, detail, wait = 0, said = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.wait = wait;
    this.said = said;
  }
}

/** Nobody answers just now; asking again may help. */
export class Away extends Error {}

const BUSY = new Set([408, 425, 500, 502, 503, 504]);

/** Says whether the API is reachable: `connection.addEventListener("change", …)`. */
export const connection = new (class extends EventTarget {
  up = true;
  set(up) {
    if (up === this.up) return;
    this.up = up;
    this.dispatchEvent(new Event("change"));
  }
})();

/** Turns an answer that is no success into a Problem. */
export function problemOf(status, text, wait = 0) {
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    // A proxy in between answers in its own words.
  }
  return new Problem(
    status,
    said.code ?? `HTTP_${status}`,
    said.detail ?? `The service answered HTTP ${status} without a reason.`,
    wait,
    said,
  );
}

/** Fetches. Raises Problem, or Away. A refused token ends the session. `body` is sent as it is. */
export async function send(path, { method = "GET", json, body, headers = {}, signal, cache = "no-store" } = {}) {
  let answer;
  const used = token();
  try {
    answer = await fetch(path, {
      method,
      signal,
      cache,
      headers: {
        ...(used ? { Authorization: `Bearer ${used}` } : {}),
        ...(json === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: json === undefined ? body : JSON.stringify(json),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    connection.set(false);
    throw new Away("The service does not answer.");
  }
  connection.set(true);
  if (answer.ok) return answer;
  const problem = problemOf(answer.status, await answer.text(), Number(answer.headers.get("Retry-After") ?? 0));
  if (answer.status === 401 && used === token()) signOut("Your token is not valid any more.");
  throw problem;
}

/** Fetches JSON. `query` leaves out what is empty. */
export async function ask(path, query = {}, options = {}) {
  const asked = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const suffix = asked.length ? `?${new URLSearchParams(asked)}` : "";
  return (await send(path + suffix, options)).json();
}

/** Does something to a job and returns it. */
export async function act(job, action, json) {
  return (await send(`/v1/jobs/${job}/${action}`, { method: "POST", json })).json();
}

/** Whether asking again may help. */
export function passes(error) {
  return error instanceof Away || (error instanceof Problem && (error.status === 429 || BUSY.has(error.status)));
}

/** Asks until there is an answer, with longer and longer pauses. Raises what does not pass. */
export async function insist(work, signal) {
  for (let wait = 500; ; wait = Math.min(wait * 2, 15000)) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || !passes(error)) throw error;
      await pause(Math.max(wait, (error.wait ?? 0) * 1000), signal);
      if (signal?.aborted) throw error;
    }
  }
}

/** Does `work` now and every so many seconds while the page is looked at; stops with the signal. */
export async function regularly(seconds, work, signal) {
  for (let wait = seconds; !signal.aborted; ) {
    if (!document.hidden) {
      try {
        await work();
        wait = seconds;
      } catch (error) {
        if (signal.aborted) return;
        if (!passes(error)) throw error;
        wait = Math.min(Math.max(wait * 2, error.wait ?? 0), 30);
      }
    }
    await pause(wait * 1000, signal);
  }
}
