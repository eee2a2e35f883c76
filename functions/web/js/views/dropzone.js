// Takes PDFs: dropped, chosen or pasted; with options that are folded away.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { notice } from "../notices.js";
import { uploads } from "../uploads.js";
import { whenDropped } from "./dropping.js";
import { optionFields } from "./options.js";

/** The place where documents go in. Files may be dropped anywhere on the page. */
export function dropZone(signal) {
  const options = optionFields("Options for the next documents");
  const input = h("input", { type: "file", id: "files", multiple: true, accept: "application/pdf,.pdf", class: "unseen", onchange: chosen });
  const zone = h(
    "label",
    { class: "dropzone", for: "files" },
    input,
    h("span", { class: "sheets", "aria-hidden": "true" }, icon("open")),
    h("span", { class: "words" }, h("strong", {}, "Drop PDFs here"), h("span", {}, "or ", h("u", {}, "choose them"), ", or paste. Any size, as many as you like.")),
  );

  function take(files) {
    const given = [...files];
    if (!given.length) return;
    const read = options.read();
    if (read === null) return notice("Look at the options first: one of them can't be right.", { kind: "bad" });
    uploads.add(given, read);
  }
  function chosen() {
    take(input.files);
    input.value = "";
  }

  whenDropped(zone, signal, ({ files }) => take(files));
  addEventListener("paste", (event) => event.clipboardData?.files.length && take(event.clipboardData.files), { signal });
  return h("div", {}, zone, options.element);
}
