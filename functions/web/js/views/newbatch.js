// Where a batch begins: files or a folder of one's own, or a manifest that names documents.

import { insist, send } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { count, counted, size } from "../format.js";
import { icon } from "../icons.js";
import { complain, notice } from "../notices.js";
import { submissions } from "../submission.js";
import { unlikely } from "../uploads.js";
import { filesOf, whenDropped } from "./dropping.js";
import { manifestTrouble } from "./manifesttrouble.js";
import { optionFields } from "./options.js";
import { sendingBatch } from "./sendingbatch.js";

/** What a manifest is sent as, by the end of its name. */
const KINDS = { json: "application/json", jsonl: "application/x-ndjson", ndjson: "application/x-ndjson", csv: "text/csv" };
const ACCEPTED = ".json,.jsonl,.ndjson,.csv,application/json,application/x-ndjson,text/csv";
/** So many of the chosen are told one by one. */
const MOST = 100;

/** Shows the form, or how far the batch is that is being sent. */
export function openNewBatch(root, { signal }) {
  document.title = "New batch – Quire";
  const name = h("input", { id: "batch-name", maxlength: 200, autocomplete: "off", placeholder: "none" });
  const options = optionFields("Options for all documents", { password: null, webhook_url: "is told when the batch ends" });
  const files = picker("files", { multiple: true, accept: "application/pdf,.pdf" }, (given) => add(given.map((file) => ({ file, path: file.name }))));
  const folder = picker("folder", { webkitdirectory: true }, (given) => {
    if (!name.value) name.value = given[0].webkitRelativePath.split("/")[0];
    add(given.map((file) => ({ file, path: file.webkitRelativePath })));
  });
  const manifest = picker("manifest", { accept: ACCEPTED }, ([file]) => sendManifest(file));
  const zone = h(
    "label",
    { class: "dropzone", for: "files" },
    files,
    h("span", { class: "sheets", "aria-hidden": "true" }, icon("open")),
    h("span", { class: "words" }, h("strong", {}, "Drop PDFs or a folder here"), h("span", {}, "or ", h("u", {}, "choose files"), ". A manifest may be dropped, too.")),
  );
  const list = h("div", { class: "chosen" });
  const told = h("div", { class: "manifestbad" });
  const start = h("button", { type: "button", class: "primary", onclick: begin }, icon("resume"), "Start the batch");
  const form = h(
    "div",
    { class: "newbatch" },
    h("div", { class: "field name" }, h("label", { for: "batch-name" }, "Name"), name),
    zone,
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", onclick: () => folder.click() }, icon("open"), "Choose a folder"),
      h("button", { type: "button", onclick: () => manifest.click() }, icon("list"), "Send a manifest"),
      folder,
      manifest,
      h("p", { class: "hint" }, "A manifest is JSON, JSON Lines or CSV, and names documents that are in the bucket or uploaded already. One in JSON tells its own name and options."),
    ),
    options.element,
    told,
    list,
    h("div", { class: "row" }, start),
  );
  const body = h("div");
  let chosen = [];
  let busy = false;
  fill(root, h("p", { class: "crumbs" }, h("a", { href: "#/batches" }, icon("back"), "All batches")), h("h1", { tabindex: -1 }, "New batch"), body);
  whenDropped(zone, signal, dropped);
  // One that was made while one looked elsewhere is among the batches by now.
  if (submissions.current?.state === "made") submissions.current = null;
  submissions.addEventListener("change", arranged, { signal });
  arranged();

  /** The form gives way to the batch that is being sent, and comes back once that is given up. */
  function arranged() {
    const { current } = submissions;
    if (current?.state === "made") {
      submissions.current = null;
      announce("The batch has begun.");
      location.hash = `/batches/${current.batch.batch_id}`;
    } else if (current && !body.querySelector(".sendingbatch")) {
      const hadFocus = body.contains(document.activeElement);
      const sending = sendingBatch(current, signal);
      fill(body, sending.element);
      if (hadFocus) sending.focus();
    } else if (!current && !body.contains(form)) {
      fill(body, form);
      show();
    }
  }
  async function dropped(transfer) {
    try {
      const found = await filesOf(transfer);
      if (found.length === 1 && kindOf(found[0].file)) await sendManifest(found[0].file);
      else add(found);
    } catch (error) {
      complain(error);
    }
  }
  function add(more) {
    const known = new Set(chosen.map(keyOf));
    const fitting = more.filter(({ file }) => /\.pdf$/i.test(file.name) || file.type === "application/pdf");
    chosen.push(...fitting.filter((each) => !known.has(keyOf(each))));
    const left = more.length - fitting.length;
    if (left) notice(`${counted(left, "file")} ${left === 1 ? "is no PDF and is" : "are no PDFs and are"} left out.`, { kind: fitting.length ? "plain" : "bad" });
    if (fitting.length) announce(`${counted(chosen.length, "document")} chosen.`);
    fill(told);
    show();
  }
  function show() {
    start.ariaDisabled = String(!chosen.length);
    if (!chosen.length) return void fill(list);
    const bytes = chosen.reduce((sum, { file }) => sum + file.size, 0);
    fill(
      list,
      h("div", { class: "headline" }, h("h2", {}, `${counted(chosen.length, "document")}, ${size(bytes)}`), h("button", { type: "button", class: "plain small", onclick: () => remove(() => false) }, "Remove all")),
      h("ul", { class: "files" }, chosen.slice(0, MOST).map(row), chosen.length > MOST && h("li", { class: "hint" }, `and ${count(chosen.length - MOST)} more`)),
    );
  }
  function row(each) {
    return h("li", {}, h("span", { dir: "auto" }, each.path), h("span", { class: "hint" }, size(each.file.size)), h("button", { type: "button", class: "plain small", "aria-label": `Remove ${each.path}`, onclick: () => remove((other) => other !== each) }, "Remove"));
  }
  function remove(kept) {
    chosen = chosen.filter(kept);
    show();
    (list.querySelector("button") ?? files).focus();
  }

  function begin() {
    if (!chosen.length) return notice("Choose documents first.", { kind: "bad" });
    const asked = batchFields();
    if (asked) submissions.begin(chosen, asked);
    return undefined;
  }
  /** What a batch is told besides its documents; null where a field can't be right. */
  function batchFields() {
    const read = options.read();
    if (read === null) {
      notice("Look at the options first: one of them can't be right.", { kind: "bad" });
      return null;
    }
    const { priority, matter, webhook_url: webhook, ...rest } = read;
    return {
      ...(name.value.trim() && { name: name.value.trim() }),
      ...(priority && { priority }),
      ...(matter && { matter }),
      ...(webhook && { webhook_url: webhook }),
      ...(Object.keys(rest).length && { options: rest }),
    };
  }

  async function sendManifest(file) {
    const kind = kindOf(file);
    if (!kind) return void notice("A manifest's name ends in .json, .jsonl or .csv.", { kind: "bad" });
    const asked = batchFields();
    if (!asked || busy) return;
    busy = true;
    fill(told, h("p", { class: "hint", role: "status" }, `${file.name} is being looked through…`));
    try {
      // What a manifest in lines can't say stands in the address; one in JSON says all itself.
      const { options: _, ...fields } = asked;
      const said = kind === KINDS.json ? "" : String(new URLSearchParams(fields));
      const query = said && `?${said}`;
      const request = { method: "POST", body: file, headers: { "Content-Type": kind, "Idempotency-Key": unlikely() }, signal };
      const batch = await (await insist(() => send(`/v1/batches${query}`, request), signal)).json();
      announce("The batch has begun.");
      location.hash = `/batches/${batch.batch_id}`;
    } catch (error) {
      if (signal.aborted) return;
      fill(told, await manifestTrouble(error, file, kind === KINDS.json));
      told.firstElementChild?.focus?.();
    } finally {
      busy = false;
    }
  }
}

function picker(id, attributes, chosen) {
  const isOwnLabel = id === "files";
  const input = h("input", { type: "file", id, class: "unseen", tabindex: isOwnLabel ? null : -1, "aria-hidden": isOwnLabel ? null : "true", ...attributes, onchange: take });
  return input;

  function take() {
    const given = [...input.files];
    input.value = "";
    if (given.length) chosen(given);
  }
}

function kindOf(file) {
  return KINDS[/\.([a-z]+)$/i.exec(file.name)?.[1].toLowerCase()];
}

function keyOf({ file, path }) {
  return `${path}:${file.size}:${file.lastModified}`;
}
