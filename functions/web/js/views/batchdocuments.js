// A batch's documents, a page at a time, each a way to its job.

import { ask } from "../api.js";
import { fill, h, later, say } from "../dom.js";
import { count, DOCUMENT_STATES, STATUS_NAMES } from "../format.js";
import { icon } from "../icons.js";
import { trouble } from "../notices.js";

const PAGE = 50;
const WAIT = 1500;

/** The table; `changed(batch)` has it look again soon. */
export function documentTable(address, signal) {
  const choices = Object.fromEntries(["", ...Object.keys(DOCUMENT_STATES)].map((state) => [state, h("option", { value: state })]));
  const status = h("select", { "aria-label": "Filter by state", onchange: restart }, Object.values(choices));
  const rows = h("tbody");
  const table = h(
    "table",
    { class: "documents", "aria-labelledby": "documents-title" },
    h("thead", {}, h("tr", {}, ["No.", "Document", "State", "Pages"].map((name, at) => h("th", { scope: "col", class: at === 0 || at === 3 ? "n" : null }, name)))),
    rows,
  );
  const back = h("button", { type: "button", onclick: () => turn(-1) }, icon("back"), "Previous page");
  const on = h("button", { type: "button", onclick: () => turn(1) }, "Next page", icon("next"));
  const where = h("p", { class: "hint", "aria-live": "polite" }, "\u00a0");
  const below = h("div", { class: "below" });
  const element = h("section", { class: "batchdocuments", "aria-labelledby": "documents-title", "aria-busy": "true" }, h("div", { class: "headline" }, h("h2", { id: "documents-title" }, "Documents"), status), table, h("div", { class: "row pager", hidden: true }, back, on, where), below);
  /** Where each page that was opened begins; the last is the next one's, if there is any. */
  let places = [null];
  let at = 0;
  let asked = new AbortController();
  let seen = "";
  const lookSoon = later(WAIT, () => look().catch(failed), signal);
  let waiting = false;
  const known = new Map();
  return { element, changed };

  function changed(batch) {
    for (const [state, option] of Object.entries(choices)) {
      say(option, state ? `${STATUS_NAMES[state]} (${count(batch[state])})` : `Every state (${count(batch.total)})`);
    }
    const key = JSON.stringify([batch.completed_pages, batch.failed_pages, ...Object.keys(DOCUMENT_STATES).map((state) => batch[state])]);
    if (key === seen) return;
    const isFirst = seen === "";
    seen = key;
    if (isFirst) return void look().catch(failed);
    // Not put off for ever by a batch that changes all the time.
    if (waiting) return;
    waiting = true;
    lookSoon();
  }
  async function look() {
    waiting = false;
    asked.abort();
    const mine = (asked = new AbortController());
    try {
      const answer = await ask(address, { status: status.value, limit: PAGE, cursor: places[at] }, { signal: AbortSignal.any([signal, mine.signal]) });
      places = [...places.slice(0, at + 1), ...(answer.next_cursor ? [answer.next_cursor] : [])];
      show(answer.documents);
    } catch (error) {
      if (mine.signal.aborted && !signal.aborted) return;
      throw error;
    }
  }
  function show(documents) {
    element.setAttribute("aria-busy", "false");
    const wanted = documents.map((document) => {
      const key = `${document.position}:${document.job_id}`;
      if (!known.has(key)) known.set(key, documentRow(document));
      const row = known.get(key);
      row.update(document);
      return row.element;
    });
    // Left alone where nothing moved, so that focus and selection stay.
    if (wanted.length !== rows.children.length || wanted.some((row, each) => rows.children[each] !== row)) fill(rows, wanted);
    back.ariaDisabled = String(at === 0);
    on.ariaDisabled = String(!places[at + 1]);
    back.parentElement.hidden = at === 0 && !places[1];
    say(where, documents.length ? `Page ${count(at + 1)}` : "");
    fill(below, !documents.length && h("p", { class: "blank small" }, "No document is in this state."));
  }
  function turn(by) {
    if (places[at + by] === undefined) return;
    at += by;
    look().catch(failed);
  }
  function restart() {
    places = [null];
    at = 0;
    look().catch(failed);
  }
  function failed(error) {
    if (signal.aborted || error.status === 401) return;
    fill(below, trouble(error, () => look().catch(failed)));
  }
}

function documentRow(document) {
  const name = document.job_id ? h("a", { href: `#/jobs/${document.job_id}`, dir: "auto" }, document.filename) : h("span", { dir: "auto" }, document.filename);
  const why = h("span", { class: "why", dir: "auto" });
  const chip = h("span", { class: "chip" });
  const pages = h("td", { class: "n", data: { head: "Pages" } });
  const element = h("tr", {}, h("td", { class: "n position" }, count(document.position)), h("th", { scope: "row" }, name, why), h("td", {}, chip), pages);
  return { element, update };

  function update(now) {
    element.dataset.status = now.status;
    say(chip, STATUS_NAMES[now.status] ?? now.status);
    say(why, now.error ? (now.error.message ?? now.error.code) : "");
    why.hidden = !now.error;
    const found = now.cached_pages ? `, ${count(now.cached_pages)} cached` : "";
    say(pages, now.total_pages ? `${count(now.completed_pages)} of ${count(now.total_pages)}${found}` : "\u2013");
  }
}
