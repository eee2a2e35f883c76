// How far a batch's documents are on their way in, and what could not be sent.

import { fill, h, say } from "../dom.js";
import { count, counted, duration, size } from "../format.js";
import { question, trouble } from "../notices.js";
import { submissions } from "../submission.js";

/** The view of a submission. */
export function sendingBatch(submission, signal) {
  const title = h("h2", { tabindex: -1 }, submission.asked.name ?? "Sending the documents");
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Sent so far" });
  const line = h("p", { class: "line", role: "status" }, "\u00a0");
  const rest = h("p", { class: "hint" }, "\u00a0");
  const buttons = h("div", { class: "row" });
  const list = h("ul", { class: "sending", "aria-label": "Under way, or not sent" });
  const below = h("div", { class: "below" });
  const element = h("section", { class: "sendingbatch" }, title, bar, line, rest, buttons, below, list);
  const rows = new Map();
  const again = h("button", { type: "button", class: "primary", onclick: () => submission.go() }, "Try again what failed");
  const without = h("button", { type: "button", onclick: () => submission.make() });
  const drop = h("button", { type: "button", onclick: giveUp }, "Give it up");
  let due = false;

  // Bytes move more often than anybody can look.
  submissions.addEventListener("change", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      if (!signal.aborted) show();
    });
  }, { signal });
  show();
  return { element, focus: () => title.focus() };

  function show() {
    const { state, items } = submission;
    const [sent, failed] = [submission.of("sent"), submission.of("failed")];
    element.dataset.state = state;
    bar.max = Math.max(1, submission.size);
    bar.value = submission.sent;
    say(line, sentence(state, sent.length, items.length, failed.length));
    say(rest, remainder());
    say(without, `Start with the ${counted(sent.length, "document")} that arrived`);
    const wanted = { stopped: [failed.length > 0 && again, sent.length > 0 && without, drop], refused: [sent.length > 0 && without, drop], sending: [drop] }[state] ?? [];
    const shown = wanted.filter(Boolean);
    if (shown.length !== buttons.children.length || shown.some((each, at) => buttons.children[at] !== each)) {
      const hadFocus = buttons.contains(document.activeElement);
      fill(buttons, shown);
      if (hadFocus) (shown[0] ?? title).focus();
    }
    fill(below, state === "refused" && trouble(submission.problem));
    const told = [...failed, ...submission.of("sending", "stalled")];
    const elements = told.map((item) => rowOf(item));
    if (elements.length !== list.children.length || elements.some((each, at) => list.children[at] !== each)) fill(list, elements);
  }
  function sentence(state, sent, all, failed) {
    if (state === "making") return "All documents have arrived. The batch is being made.";
    if (state === "refused") return "The batch could not be made.";
    const so = `${count(sent)} of ${counted(all, "document")} sent`;
    if (state === "stopped") return `${so}. ${failed === 1 ? "One could" : `${count(failed)} could`} not be sent.`;
    return so;
  }
  function remainder() {
    const [sent, all] = [submission.sent, submission.size];
    const seconds = (performance.now() - submission.began) / 1000;
    const left = submission.state === "sending" && seconds > 3 && sent > 0 ? `, about ${duration(Math.ceil(((all - sent) * seconds) / sent))} left` : "";
    return `${size(sent)} of ${size(all)}${left}`;
  }
  function rowOf(item) {
    if (!rows.has(item)) {
      const bar = h("progress", { max: Math.max(1, item.file.size), value: 0, "aria-label": `${item.path}, sent so far` });
      const state = h("span", { class: "state" });
      const leave = h("button", { type: "button", class: "plain small", "aria-label": `Leave out ${item.path}`, onclick: () => submission.leaveOut(item) }, "Leave out");
      const place = h("span", { class: "row" });
      rows.set(item, { bar, state, leave, place, element: h("li", {}, h("span", { class: "name", dir: "auto" }, item.path), state, bar, place) });
    }
    const { element, bar, state, leave, place } = rows.get(item);
    element.dataset.state = item.state;
    bar.value = item.sent;
    const isFailed = item.state === "failed";
    const said = { sending: `${size(item.sent)} of ${size(item.file.size)}`, stalled: "reconnecting" }[item.state] ?? (item.problem?.code ? `${item.problem.message} (${item.problem.code})` : item.problem?.message);
    say(state, said ?? "");
    if (isFailed !== place.contains(leave)) fill(place, isFailed && leave);
    return element;
  }
  async function giveUp() {
    const sure = await question({ title: "Give this batch up?", text: "Nothing is read of what has been sent.", yes: "Give it up", no: "Go on", danger: true });
    if (sure !== null) submission.drop();
  }
}
