// Takes PDFs: dropped, chosen or pasted; with options that are folded away.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { notice } from "../notices.js";
import { uploads } from "../uploads.js";

/** The place where documents go in. Files may be dropped anywhere on the page. */
export function dropZone(signal) {
  const options = optionFields();
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

  const listen = (kind, heard) => addEventListener(kind, heard, { signal });
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (by) => zone.classList.toggle("over", (depth = by === 0 ? 0 : depth + by) > 0);
  listen("dragenter", (event) => holdsFiles(event) && mark(1));
  listen("dragleave", (event) => holdsFiles(event) && mark(-1));
  listen("dragover", (event) => holdsFiles(event) && event.preventDefault());
  listen("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    mark(0);
    take(event.dataTransfer.files);
  });
  listen("paste", (event) => event.clipboardData?.files.length && take(event.clipboardData.files));
  return h("div", {}, zone, options.element);
}

/** What the API makes where nothing is said. */
const ALL = "text boxes";
const OUTPUTS = [[ALL, "text and boxes"], ["boxes", "boxes"], ["text", "text"], ["json", "nothing"]];

function optionFields() {
  const fields = {
    pages: h("input", { id: "o-pages", placeholder: "all", maxlength: 2000, pattern: "[0-9,\\s\\-]*", autocomplete: "off" }),
    chunk_pages: h("input", { id: "o-chunk", type: "number", min: 1, max: 1000, placeholder: "25", inputmode: "numeric" }),
    priority: h("select", { id: "o-priority" }, ["normal", "high", "low"].map((name) => h("option", { value: name }, name))),
    languages: h("input", { id: "o-languages", placeholder: "en, fr", maxlength: 200, autocomplete: "off" }),
    matter: h("input", { id: "o-matter", placeholder: "none", maxlength: 200, autocomplete: "off" }),
    outputs: h("select", { id: "o-outputs" }, OUTPUTS.map(([value, name]) => h("option", { value }, name))),
    webhook_url: h("input", { id: "o-webhook", type: "url", placeholder: "none", maxlength: 2000, autocomplete: "off" }),
    password: h("input", { id: "o-password", type: "password", maxlength: 1000, autocomplete: "off" }),
  };
  const field = (name, label, hint) => h("div", { class: "field" }, h("label", { for: fields[name].id }, label), fields[name], h("span", { class: "hint" }, hint));
  const element = h(
    "details",
    { class: "options" },
    h("summary", {}, "Options for the next documents"),
    h(
      "form",
      { class: "grid", onsubmit: (event) => event.preventDefault() },
      field("pages", "Pages", "such as 1-20, 25"),
      field("chunk_pages", "Pages in a chunk", "smaller is sooner visible"),
      field("priority", "Priority", "what is read first"),
      field("languages", "Languages", "if you know them"),
      field("matter", "Matter", "what it belongs to"),
      field("password", "Password", "of locked documents"),
      field("outputs", "Made besides JSON", "boxes: to look, to search"),
      field("webhook_url", "Webhook", "is told when the job ends"),
    ),
  );
  return { element, read };

  /** Only what was filled in; null where a field can't be right. */
  function read() {
    const wrong = Object.values(fields).find((each) => !each.checkValidity());
    if (wrong) {
      element.open = true;
      wrong.reportValidity();
      return null;
    }
    const said = (name) => fields[name].value.trim();
    const languages = said("languages").split(/[\s,;]+/).filter(Boolean);
    return {
      ...(said("pages") && { pages: said("pages").replace(/\s+/g, "") }),
      ...(said("chunk_pages") && { chunk_pages: Number(said("chunk_pages")) }),
      ...(said("priority") !== "normal" && { priority: said("priority") }),
      ...(languages.length && { languages }),
      ...(said("matter") && { matter: said("matter") }),
      ...(fields.outputs.value !== ALL && { outputs: fields.outputs.value.split(" ") }),
      ...(said("webhook_url") && { webhook_url: said("webhook_url") }),
      ...(fields.password.value && { password: fields.password.value }),
    };
  }
}
