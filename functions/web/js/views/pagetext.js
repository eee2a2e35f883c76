// A page's text, word for word linked with the picture. Arrows go through the words.

import { fill, h } from "../dom.js";
import { characters, percent } from "../format.js";

/** The text. `pointed(index)` and `chosen(index)` are told of a word, -1 for none. */
export function pageText({ pointed, chosen }) {
  const element = h("div", { class: "pagetext", tabindex: 0, role: "group", "aria-label": "Text of the page. Left and right go through its words.", dir: "auto" });
  let spans = [];
  let at = -1;

  element.addEventListener("pointerover", (event) => over(indexOf(event.target)));
  element.addEventListener("pointerleave", () => over(-1));
  element.addEventListener("click", (event) => {
    const index = indexOf(event.target);
    // Marking a passage to copy it is no choice of a word.
    if (index >= 0 && getSelection().isCollapsed) chosen(index);
  });
  element.addEventListener("keydown", stepped);
  return { element, show, point, choose, mark, reveal };

  function show({ text, words, start, why }) {
    at = -1;
    element.scrollTop = 0;
    spans = words.map(({ text: word, confidence }, index) =>
      h("span", { class: confidence < 0.6 ? "poor" : confidence < 0.85 ? "low" : null, title: percent(confidence), data: { index } }, word),
    );
    if (!text) return fill(element, h("p", { class: "blank small" }, why ? "There is no text: the page could not be read." : "There is no text on this page."));
    return fill(element, woven(text, words, start));
  }
  /** The words with what stands between them, as the page has it. */
  function woven(text, words, base) {
    const letters = characters(text);
    const pieces = [];
    let end = 0;
    words.forEach((word, index) => {
      const from = word.start - base;
      const till = from + characters(word.text).length;
      if (from > end) pieces.push(letters.slice(end, from).join(""));
      pieces.push(spans[index]);
      end = till;
    });
    pieces.push(letters.slice(end).join(""));
    return pieces;
  }

  function indexOf(target) {
    return Number(target.dataset?.index ?? -1);
  }
  function over(index) {
    point(index);
    pointed(index);
  }
  function point(index) {
    flag("pointed", index >= 0 ? [index] : []);
  }
  function choose(index) {
    at = index;
    flag("chosen", index >= 0 ? [index] : []);
    bring(spans[index]);
  }
  function mark(indexes) {
    flag("hit", indexes);
  }
  function reveal(indexes) {
    flag("found", indexes);
    bring(spans[indexes[0]]);
  }
  function flag(name, indexes) {
    for (const each of element.querySelectorAll(`.${name}`)) each.classList.remove(name);
    for (const index of indexes) spans[index]?.classList.add(name);
  }
  function bring(span) {
    if (!span) return;
    const box = span.getBoundingClientRect();
    const room = element.getBoundingClientRect();
    if (box.top < room.top + 8 || box.bottom > room.bottom - 8) element.scrollTop += box.top - room.top - room.height / 3;
  }
  function stepped(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !spans.length) return;
    const forward = getComputedStyle(element).direction === "rtl" ? -1 : 1;
    const to = { ArrowRight: at + forward, ArrowLeft: at - forward, Home: 0, End: spans.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = Math.min(Math.max(to, 0), spans.length - 1);
    chosen(index);
    pointed(index);
  }
}
