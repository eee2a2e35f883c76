// The first view: send documents, and see one's jobs.

import { fill, h } from "../dom.js";
import { dropZone } from "./dropzone.js";
import { jobList } from "./joblist.js";
import { sendingList } from "./sending.js";

/** Shows it. */
export function openHome(root, { query, signal }) {
  document.title = "Jobs – Quire";
  const jobs = jobList({ query, signal });
  fill(
    root,
    h("h1", { class: "unseen", tabindex: -1 }, "Quire: your documents"),
    h("section", { class: "send", "aria-labelledby": "send-title" }, h("h2", { id: "send-title", class: "unseen" }, "Send documents"), dropZone(signal), sendingList({ signal, accepted: jobs.refresh })),
    jobs.element,
  );
}
