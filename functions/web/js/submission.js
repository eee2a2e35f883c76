// A batch on its way in: its documents are sent side by side, then it is made of them. It outlives
// the view: one may look at something else meanwhile.

import { insist, Problem, send } from "./api.js";
import { account, session, token } from "./session.js";
import { pieces } from "./transfer.js";
import { isPdf, unlikely } from "./uploads.js";

const AT_ONCE = 4;
/** So many are announced in one request. */
const LOT = 50;

class Item {
  state = "waiting"; // waiting, sending, stalled, sent, failed
  sent = 0;
  problem = null;
  /** {document_id, upload_url} once it is announced. */
  place = null;
  #begun = false;

  constructor({ file, path }) {
    this.file = file;
    this.path = path;
  }

  async run(placed, { signal, changed }) {
    const set = (state) => {
      this.state = state;
      changed();
    };
    this.problem = null;
    set("sending");
    try {
      if (!(await isPdf(this.file))) throw new Error("This file is not a PDF.");
      this.place ??= await placed();
      const older = this.#begun;
      this.#begun = true;
      const watch = {
        signal,
        moved: (bytes) => {
          this.sent = Math.min(bytes, this.file.size);
          changed();
        },
        stalled: (stalled) => set(stalled ? "stalled" : "sending"),
      };
      await pieces(this.file, this.place.upload_url, watch, older);
      this.sent = this.file.size;
      set("sent");
    } catch (error) {
      if (signal.aborted) return;
      // A session that is gone can't be gone on with: the next try has one of its own.
      if (error instanceof Problem) {
        this.place = null;
        this.#begun = false;
        this.sent = 0;
      }
      this.problem = error;
      set("failed");
    }
  }
}

class Submission {
  state = "sending"; // sending, stopped (not all could be sent), making, refused, made
  problem = null;
  batch = null;
  /** Who sends it: it is not sent on for anybody else. */
  account = account();
  began = performance.now();
  #key = unlikely();
  #stop = new AbortController();

  /** `chosen` are {file, path}; `batch` is what POST /v1/batches is told besides the documents. */
  constructor(chosen, batch) {
    this.items = chosen.map((each) => new Item(each));
    this.asked = batch;
  }

  get isLive() {
    return this.state === "sending" || this.state === "making";
  }
  get size() {
    return this.items.reduce((sum, { file }) => sum + file.size, 0);
  }
  get sent() {
    return this.items.reduce((sum, item) => sum + item.sent, 0);
  }
  of(...states) {
    return this.items.filter(({ state }) => states.includes(state));
  }

  /** Sends what has not been sent, then makes the batch. What could not be sent stops it before that. */
  async go() {
    this.#set("sending");
    const waiting = this.of("waiting", "failed");
    for (const item of waiting) item.state = "waiting";
    const unplaced = waiting.filter(({ place }) => !place);
    const lots = new Map();
    const placed = (item) => {
      const at = Math.floor(unplaced.indexOf(item) / LOT);
      // Asked for once, by the first of its lot that comes to the head of the queue.
      if (!lots.has(at)) lots.set(at, this.#announce(unplaced.slice(at * LOT, (at + 1) * LOT)));
      return lots.get(at).then(
        (places) => places.get(item),
        // One that can't be taken has its whole lot refused: each is then asked for by itself.
        async (error) => {
          if (error instanceof Problem && (error.status === 413 || error.status === 422)) return (await this.#announce([item])).get(item);
          throw error;
        },
      );
    };
    const queue = [...waiting];
    const lane = async () => {
      for (let item = queue.shift(); item && !this.#stop.signal.aborted; item = queue.shift()) {
        if (!this.items.includes(item)) continue;
        const each = item;
        await each.run(() => placed(each), { signal: this.#stop.signal, changed: () => this.#changed() });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    if (this.#stop.signal.aborted) return;
    if (this.of("failed").length || !this.items.length) this.#set("stopped");
    else await this.make();
  }

  /** Makes the batch of what has been sent. */
  async make() {
    this.problem = null;
    this.#set("making");
    const documents = this.of("sent").map(({ place }) => ({ document_id: place.document_id }));
    try {
      const request = { method: "POST", json: { ...this.asked, documents }, headers: { "Idempotency-Key": this.#key }, signal: this.#stop.signal };
      this.batch = await (await insist(() => send("/v1/batches", request), this.#stop.signal)).json();
      this.#set("made");
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.problem = error;
      // Another try is another request: what was refused would be refused again.
      this.#key = unlikely();
      this.#set("refused");
    }
  }

  leaveOut(item) {
    this.items = this.items.filter((each) => each !== item);
    this.#changed();
  }

  drop() {
    this.#stop.abort();
    if (submissions.current === this) submissions.show(null);
  }

  async #announce(items) {
    const { matter } = this.asked;
    const json = { documents: items.map(({ file }) => ({ filename: file.name, size: file.size })), ...(matter && { matter }) };
    const answer = await insist(() => send("/v1/uploads", { method: "POST", json, signal: this.#stop.signal }), this.#stop.signal);
    const { uploads } = await answer.json();
    return new Map(items.map((item, at) => [item, uploads[at]]));
  }
  #set(state) {
    this.state = state;
    this.#changed();
  }
  #changed() {
    submissions.dispatchEvent(new Event("change"));
  }
}

/** The one batch that is being sent, if any. */
export const submissions = new (class extends EventTarget {
  current = null;

  /** Begins to send a batch. */
  begin(chosen, batch) {
    this.current = new Submission(chosen, batch);
    this.current.go();
    return this.current;
  }
  show(submission) {
    this.current = submission;
    this.dispatchEvent(new Event("change"));
  }
})();

session.addEventListener("change", () => {
  if (token() !== null && submissions.current && submissions.current.account !== account()) submissions.current.drop();
});

addEventListener("beforeunload", (event) => {
  if (submissions.current?.isLive) event.preventDefault();
});
