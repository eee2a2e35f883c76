// How documents are to be read: what one may say about it, folded away.

import { h } from "../dom.js";

/** What the API makes where nothing is said. */
const ALL = "text boxes";
const OUTPUTS = [[ALL, "text and boxes"], ["boxes", "boxes"], ["text", "text"], ["json", "nothing"]];

/** What is made of the text. Where nothing is said, the deployment says it. */
const AFTERWARDS = [["", "as the service does by default"], ["ocr", "nothing"], ["all", "make it searchable"]];

const LABELS = {
  pages: ["Pages", "such as 1-20, 25"],
  chunk_pages: ["Pages in a chunk", "smaller is sooner visible"],
  priority: ["Priority", "what is read first"],
  languages: ["Languages", "if you know them"],
  matter: ["Matter", "what it belongs to"],
  password: ["Password", "of locked documents"],
  outputs: ["Made besides JSON", "boxes: to look, to search"],
  stages: ["Afterwards", "to be found, with an outline"],
  webhook_url: ["Webhook", "is told when the job ends"],
};

/**
 * The fields under a summary. `hints` says otherwise what a field is for, or with null that there is
 * none. `read` gives only what was filled in, and null where a field can't be right.
 */
export function optionFields(summary, hints = {}) {
  const fields = {
    pages: h("input", { id: "o-pages", placeholder: "all", maxlength: 2000, pattern: "[0-9,\\s\\-]*", autocomplete: "off" }),
    chunk_pages: h("input", { id: "o-chunk", type: "number", min: 1, max: 1000, placeholder: "25", inputmode: "numeric" }),
    priority: h("select", { id: "o-priority" }, ["normal", "high", "low"].map((name) => h("option", { value: name }, name))),
    languages: h("input", { id: "o-languages", placeholder: "en, fr", maxlength: 200, autocomplete: "off" }),
    matter: h("input", { id: "o-matter", placeholder: "none", maxlength: 200, autocomplete: "off" }),
    password: h("input", { id: "o-password", type: "password", maxlength: 1000, autocomplete: "off" }),
    outputs: h("select", { id: "o-outputs" }, OUTPUTS.map(([value, name]) => h("option", { value }, name))),
    stages: h("select", { id: "o-stages" }, AFTERWARDS.map(([value, name]) => h("option", { value }, name))),
    webhook_url: h("input", { id: "o-webhook", type: "url", placeholder: "none", maxlength: 2000, autocomplete: "off" }),
  };
  const shown = Object.keys(LABELS).filter((name) => hints[name] !== null);
  const field = (name, [label, hint]) => h("div", { class: "field" }, h("label", { for: fields[name].id }, label), fields[name], h("span", { class: "hint" }, hints[name] ?? hint));
  const element = h(
    "details",
    { class: "options" },
    h("summary", {}, summary),
    h("form", { class: "grid", onsubmit: (event) => event.preventDefault() }, shown.map((name) => field(name, LABELS[name]))),
  );
  return { element, read };

  function read() {
    const wrong = shown.map((name) => fields[name]).find((each) => !each.checkValidity());
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
      ...(fields.stages.value && { stages: [fields.stages.value] }),
      ...(said("webhook_url") && { webhook_url: said("webhook_url") }),
      ...(fields.password.value && { password: fields.password.value }),
    };
  }
}
