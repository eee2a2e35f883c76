// What went wrong in a batch, by cause; and its recovery, which says first what it will do.

import { send } from "../api.js";
import { control } from "../controls.js";
import { fill, h, say } from "../dom.js";
import { count, counted, hasEnded } from "../format.js";
import { notice } from "../notices.js";

const ABOVE = { low: "normal", normal: "high", high: "high" };

/** The failures; hidden while there are none. */
export function failureList() {
  const list = h("tbody");
  const recover = control("retry", "Recover", ask, "primary");
  const hint = h("p", { class: "hint" });
  const element = h(
    "section",
    { class: "problems failures", "aria-labelledby": "failures-title", hidden: true },
    h("div", { class: "headline" }, h("h2", { id: "failures-title", tabindex: -1 }, "What went wrong"), recover),
    h("div", { class: "sideways" }, h("table", {}, h("thead", {}, h("tr", {}, ["Cause", "Documents", "Pages", "Another try"].map((name, at) => h("th", { scope: "col", class: at === 1 || at === 2 ? "n" : null }, name)))), list)),
    hint,
  );
  let batch = null;
  let shown = "";
  return { element, show };

  function show(now) {
    batch = now;
    element.hidden = !now.failures.length;
    const hadFocus = document.activeElement === recover;
    // Where nothing of it passes by itself, one may still want it tried: its cause may be gone.
    recover.hidden = !now.can_recover && !hasEnded(now);
    recover.classList.toggle("primary", now.can_recover);
    if (hadFocus && recover.hidden) element.querySelector("h2").focus();
    say(hint, now.can_recover ? "" : "As far as anybody can tell, another try will not help. Mend these documents and send them anew.");
    const key = JSON.stringify(now.failures);
    if (key === shown) return;
    shown = key;
    fill(list, now.failures.map(row));
  }
  function row({ code, message, documents, pages, recoverable }) {
    return h("tr", { data: { code } }, h("th", { scope: "row", dir: "auto" }, message, h("code", {}, code)), number(documents, "document"), number(pages, "page"), h("td", {}, recoverable ? "may help" : "will not help"));
  }

  function number(value, unit) {
    return h("td", { class: "n", data: { unit: value === 1 ? unit : `${unit}s` } }, count(value));
  }

  async function ask() {
    const wanted = await recoveryQuestion(batch);
    if (!wanted) return;
    const answer = await send(`/v1/batches/${batch.batch_id}/recover`, { method: "POST", json: wanted });
    const recovery = await answer.json();
    notice(`${counted(recovery.total, "document")} ${recovery.total === 1 ? "is" : "are"} read again.`);
    location.hash = `/batches/${recovery.batch_id}`;
  }
}

/** Asks how to recover. Resolves to what the API is told, or to null. */
function recoveryQuestion(batch) {
  const transient = batch.failures.filter(({ recoverable }) => recoverable);
  const permanent = batch.failures.filter(({ recoverable }) => !recoverable);
  const sum = (failures) => counted(failures.reduce((total, { documents }) => total + documents, 0), "document");
  const choice = (value, title, words) => h("label", { class: "choice" }, h("input", { type: "radio", name: "strategy", value, checked: value === first, disabled: value === "selective" && !transient.length }), h("span", {}, h("b", {}, title), h("span", { class: "hint" }, words)));
  const first = transient.length ? "selective" : "all";
  const left = permanent.map(({ message, documents }) => `${message.replace(/\.$/, "")} (${count(documents)})`).join("; ");
  const priority = h("select", { id: "recovery-priority" }, ["high", "normal", "low"].map((name) => h("option", { value: name }, name)));
  priority.value = ABOVE[batch.priority] ?? "normal";
  return new Promise((answered) => {
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: "recovery-title" }, "Recover what failed?"),
      h("p", { class: "hint" }, "Documents that failed are read again in a batch of their own. Pages that were read before are not read, or paid for, again."),
      h(
        "fieldset",
        {},
        h("legend", {}, "Which"),
        choice("selective", `Where another try may help: ${sum(transient)}`, permanent.length ? `Left alone, since another try will not help: ${left}.` : "Nothing is left alone."),
        choice("all", `Everything that failed: ${sum(batch.failures)}`, permanent.length ? "Also what failed for good. It fails again unless its cause is gone." : "The same, as long as every cause is a passing one."),
      ),
      h("div", { class: "field" }, h("label", { for: "recovery-priority" }, "Priority"), priority),
      h("div", { class: "row end" }, h("button", { type: "button", class: "plain", onclick: () => dialog.close("no") }, "Not now"), h("button", { value: "yes", class: "primary" }, "Recover")),
    );
    const dialog = h("dialog", { "aria-labelledby": "recovery-title", onclose: closed }, form);
    function closed() {
      dialog.remove();
      answered(dialog.returnValue === "yes" ? { strategy: new FormData(form).get("strategy"), priority: priority.value } : null);
    }
    document.body.append(dialog);
    dialog.showModal();
    form.querySelector("input:checked").focus();
  });
}
