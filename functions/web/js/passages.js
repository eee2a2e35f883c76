// Passages that a search has found: what of their text is shown, and where one looks at them.

import { h } from "./dom.js";
import { characters } from "./format.js";

/** A snippet with what was found in it marked; `marks` are [from, to] in characters. */
export function marked(snippet, marks) {
  const letters = characters(snippet);
  const part = (from, to) => letters.slice(from, to).join("");
  const pieces = [];
  let end = 0;
  for (const [from, to] of marks) {
    pieces.push(part(end, from), h("mark", {}, part(from, to)));
    end = to;
  }
  return [...pieces, part(end)];
}

/** The page on which one begins to look: where the query's words are, if they are anywhere. */
export function pageOf({ highlights, boxes, page_start: first }) {
  return (highlights[0] ?? boxes[0] ?? [first])[0];
}

/** The way to the picture of a passage's page, where it is marked. */
export function wayTo(passage, query) {
  return `#/jobs/${passage.job_id}/pages/${pageOf(passage)}?${new URLSearchParams({ q: query, passage: passage.passage })}`;
}

/** The parts of `boxes` ([page, x0, y0, x1, y1]) on one page, as [x0, y0, x1, y1]. */
export function boxesOn(page, boxes) {
  return boxes.filter(([of]) => of === page).map(([, ...box]) => box);
}

/** Which words of a page lie under any of `boxes`. */
export function wordsUnder(words, boxes) {
  const within = ([x0, y0, x1, y1], [left, top, right, bottom]) => {
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    return x >= left && x <= right && y >= top && y <= bottom;
  };
  return words.flatMap(({ box }, index) => (boxes.some((each) => within(box, each)) ? [index] : []));
}
