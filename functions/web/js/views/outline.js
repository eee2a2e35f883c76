// A document's sections as a list that unfolds, each a way to its page.

import { ask, insist } from "../api.js";
import { fill, h } from "../dom.js";
import { pages } from "../format.js";
import { icon } from "../icons.js";
import { trouble } from "../notices.js";
import { searchableOffer } from "./makesearchable.js";

const PAGE = 1000;

/** The panel of a job's document. `visit(page)` is told where to go. */
export function outlinePanel({ signal, job, visit }) {
  const element = h("div", { class: "outline", onkeydown: moved });
  const unique = `section-${Math.random().toString(36).slice(2, 8)}`;
  let parts = null;
  return { element, opened };

  function opened() {
    if (parts === null) load();
  }
  async function load() {
    parts = new Map();
    fill(element, h("p", { class: "hint" }, "Looking for sections"));
    try {
      for (let cursor = null; ; ) {
        const answer = await insist(() => ask(`/v1/documents/${job.document_id}/outline`, { limit: PAGE, cursor }, { signal }), signal);
        for (const section of answer.sections) {
          if (!parts.has(section.parent)) parts.set(section.parent, []);
          parts.get(section.parent).push(section);
        }
        cursor = answer.next_cursor;
        if (!cursor) break;
      }
      fill(element, h("ul", { "aria-label": "Sections" }, (parts.get(null) ?? []).map((section) => branch(section, true))));
    } catch (error) {
      parts = null;
      if (signal.aborted) return;
      const isMissing = error.code === "NOT_PREPARED";
      fill(element, isMissing ? searchableOffer(job.job_id, { why: "No outline was made of this document yet.", ready: load, signal }) : trouble(error, load));
    }
  }

  /** A section; its parts are drawn once somebody wants to see them. */
  function branch(section, isOpen = false) {
    const id = `${unique}-${section.position}`;
    const within = parts.get(section.position) ?? [];
    const list = within.length > 0 && h("ul", { id, hidden: true });
    const fold = h("button", { type: "button", class: "plain fold", "aria-expanded": "false", "aria-controls": id, "aria-label": `Parts of ${section.title}`, onclick: turned }, icon("next"));
    const way = h("button", { type: "button", class: "way", onclick: go }, h("span", { dir: "auto" }, section.title), h("b", {}, pages(section.page_start, section.page_end)));
    const summary = section.summary && h("p", { id: `${id}-summary`, class: "summary", dir: "auto", hidden: true }, section.summary);
    const more = summary && h("button", { type: "button", class: "plain small", "aria-expanded": "false", "aria-controls": summary.id, "aria-label": `Summary of ${section.title}`, onclick: told }, "Summary");
    if (list && isOpen) turned();
    return h("li", {}, h("div", { class: "node" }, list ? fold : h("span", { class: "fold" }), way, more), summary, list);

    function turned() {
      if (!list.children.length) fill(list, within.map((each) => branch(each)));
      list.hidden = !list.hidden;
      fold.setAttribute("aria-expanded", String(!list.hidden));
    }
    function told() {
      summary.hidden = !summary.hidden;
      more.setAttribute("aria-expanded", String(!summary.hidden));
    }
    function go() {
      for (const each of element.querySelectorAll(".way[aria-current]")) each.removeAttribute("aria-current");
      way.setAttribute("aria-current", "true");
      visit(section.page_start);
    }
  }

  /** Up and down go through the titles, right unfolds, left folds, or goes to what holds it. */
  function moved(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const item = event.target.closest("li");
    const ways = [...element.querySelectorAll(".way")].filter((way) => way.checkVisibility());
    const at = ways.indexOf(item?.querySelector(".way"));
    if (at < 0) return;
    const fold = item.querySelector(":scope > .node > button.fold");
    const isOpen = fold?.ariaExpanded === "true";
    const does = {
      ArrowDown: () => ways[at + 1]?.focus(),
      ArrowUp: () => ways[at - 1]?.focus(),
      ArrowRight: () => (fold && !isOpen ? fold.click() : ways[at + 1]?.focus()),
      ArrowLeft: () => (isOpen ? fold.click() : item.parentElement.closest("li")?.querySelector(".way").focus()),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }
}
