// What went wrong, by document, chunk and page.

import { fill, h } from "../dom.js";
import { count, pages } from "../format.js";

const MOST = 50;

/** The list; hidden while all is well. */
export function problemList() {
  const list = h("ul", {});
  const element = h("section", { class: "problems", "aria-labelledby": "problems-title", hidden: true }, h("h2", { id: "problems-title" }, "What went wrong"), list);
  let shown = "";
  return { element, show };

  function show(job) {
    const lines = [
      job.error && line(job.error.message, job.error.code),
      ...job.chunk_errors.map((error) => line(error.text, error.code, error.final ? "" : "passing")),
      ...together(job.page_errors).map(({ first, last, code, message }) => {
        const what = pages(first, last);
        return line(`${what[0].toUpperCase()}${what.slice(1)} could not be read: ${message}`, code);
      }),
      ...job.warnings.map((warning) => line(warning, "", "passing")),
    ].filter(Boolean);
    const key = lines.map((each) => each.textContent).join("\n");
    if (key === shown) return;
    shown = key;
    element.hidden = !lines.length;
    fill(list, lines.slice(0, MOST), lines.length > MOST && h("li", {}, `and ${count(lines.length - MOST)} more`));
  }
}

/** Pages next to each other with the same trouble, as one. */
function together(errors) {
  const runs = [];
  for (const { number, code, message } of errors) {
    const run = runs.at(-1);
    if (run && run.last + 1 === number && run.code === code && run.message === message) run.last = number;
    else runs.push({ first: number, last: number, code, message });
  }
  return runs;
}

function line(text, code, kind = "") {
  return h("li", { class: kind, dir: "auto" }, text, code && h("code", {}, code));
}
