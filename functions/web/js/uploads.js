// The documents that are being sent. They outlive the view: one may look at a job meanwhile.

import { act } from "./api.js";
import { account, session, token } from "./session.js";
import { forget, transfer } from "./transfer.js";

const AT_ONCE = 2;
/** A PDF says so within its first kilobyte, or the API refuses it. */
const HEAD = 1024;

class Upload {
  state = "waiting"; // waiting, sending, stalled, done, failed
  sent = 0;
  problem = null;
  job = null;
  /** Who sends it: it is not sent on for anybody else. */
  account = account();
  #key = unlikely();
  #stop = new AbortController();

  constructor(file, options) {
    this.file = file;
    this.options = options;
  }

  get isLive() {
    return ["waiting", "sending", "stalled"].includes(this.state);
  }

  async run() {
    this.#set("sending");
    try {
      if (!(await isPdf(this.file))) throw new Error("This file is not a PDF.");
      const answer = await transfer(this.file, this.options, this.#key, {
        signal: this.#stop.signal,
        moved: (bytes) => {
          this.sent = bytes;
          this.#set(this.state);
        },
        stalled: (stalled) => this.#set(stalled ? "stalled" : "sending"),
        began: ({ job_id: job }) => (this.job = job),
      });
      this.job = answer.job_id;
      this.sent = this.file.size;
      this.#set("done");
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.problem = error;
      this.#set("failed");
    }
  }

  again() {
    this.problem = null;
    this.#set("waiting");
    uploads.go();
  }

  /** Gives it up; a job that waits for the rest of it, also of a failed one, is cancelled. */
  async drop() {
    const waiting = this.state === "done" ? null : this.job;
    this.leave();
    if (!waiting) return;
    forget(this.file, this.options);
    await act(waiting, "cancel");
  }

  /** Stops, and leaves what has been sent as it is. */
  leave() {
    this.#stop.abort();
    uploads.remove(this);
  }

  #set(state) {
    this.state = state;
    uploads.changed(this);
  }
}

export const uploads = new (class extends EventTarget {
  all = [];

  add(files, options) {
    for (const file of files) this.all.unshift(new Upload(file, options));
    this.changed();
    this.go();
  }

  go() {
    const live = this.all.filter((upload) => upload.isLive && upload.state !== "waiting").length;
    // The oldest first; they stand last.
    const waiting = this.all.filter((upload) => upload.state === "waiting").reverse();
    for (const upload of waiting.slice(0, Math.max(0, AT_ONCE - live))) upload.run().finally(() => this.go());
  }

  remove(upload) {
    this.all = this.all.filter((each) => each !== upload);
    this.changed();
    this.go();
  }

  changed(upload = null) {
    this.dispatchEvent(new CustomEvent("change", { detail: upload }));
  }
})();

session.addEventListener("change", () => {
  if (token() === null) return;
  for (const upload of uploads.all) if (upload.account !== account()) upload.leave();
});

addEventListener("beforeunload", (event) => {
  if (uploads.all.some((upload) => upload.isLive)) event.preventDefault();
});

/** Whether a file says that it is a PDF. */
export async function isPdf(file) {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  return new TextDecoder("latin1").decode(head).includes("%PDF-");
}

/** A key that nobody else uses; `randomUUID` exists only where the page came over HTTPS or is local. */
export function unlikely() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
}
