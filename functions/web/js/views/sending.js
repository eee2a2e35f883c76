// The documents on their way in, each with how far it is.

import { spent } from "../credits.js";
import { announce, fill, h, say } from "../dom.js";
import { size } from "../format.js";
import { complain } from "../notices.js";
import { uploads } from "../uploads.js";

/** The list. `accepted` is called when the API has taken a document. */
export function sendingList({ signal, accepted }) {
  const list = h("ul", { class: "sending", "aria-label": "Being sent" });
  const rows = new Map();
  const told = new Set();

  function update(event) {
    if (!event?.detail) arrange();
    for (const upload of event?.detail ? [event.detail] : uploads.all) rows.get(upload)?.update();
    for (const upload of uploads.all) {
      if (upload.state !== "done" || told.has(upload)) continue;
      told.add(upload);
      announce(`${upload.file.name} is sent.`);
      accepted();
      spent();
      // It stands among the jobs now.
      setTimeout(() => uploads.remove(upload), 1500);
    }
  }
  function arrange() {
    for (const upload of uploads.all) if (!rows.has(upload)) rows.set(upload, sendingRow(upload));
    fill(list, uploads.all.map((upload) => rows.get(upload).element));
  }
  uploads.addEventListener("change", update, { signal });
  update();
  return list;
}

function sendingRow(upload) {
  const { name, size: bytes } = upload.file;
  const bar = h("progress", { max: Math.max(1, bytes), value: 0, "aria-label": `${name}, sent so far` });
  const state = h("span", { class: "state" });
  const buttons = h("span", { class: "row" });
  const again = h("button", { type: "button", class: "small", onclick: () => upload.again() }, "Try again");
  const drop = h("button", { type: "button", class: "plain small", "aria-label": `Don't send ${name}`, onclick: () => upload.drop().catch(complain) }, "Remove");
  const element = h("li", {}, h("span", { class: "name", dir: "auto" }, name), state, bar, buttons);
  return { element, update };

  function update() {
    element.dataset.state = upload.state;
    bar.value = upload.sent;
    say(state, sentence());
    const wanted = [upload.state === "failed" && again, upload.state !== "done" && drop].filter(Boolean);
    if (wanted.length !== buttons.children.length) fill(buttons, wanted);
  }
  function sentence() {
    switch (upload.state) {
      case "waiting":
        return `${size(bytes)}, waiting`;
      case "stalled":
        return `${size(upload.sent)} of ${size(bytes)}, reconnecting`;
      case "failed":
        return upload.problem.code ? `${upload.problem.message} (${upload.problem.code})` : upload.problem.message;
      case "done":
        return `${size(bytes)}, sent`;
      default:
        return upload.sent >= bytes ? `${size(bytes)}, being taken in` : `${size(upload.sent)} of ${size(bytes)}`;
    }
  }
}
