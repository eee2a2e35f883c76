// How many pages may still be read, where that is counted.

import { ask, Away, Problem, regularly } from "./api.js";
import { fill, h, later } from "./dom.js";
import { count } from "./format.js";

const SECONDS = 20;
const changes = new EventTarget();

/** To be called when something may have changed what is left. */
export function spent() {
  changes.dispatchEvent(new Event("change"));
}

/** What is left, kept up to date; empty where nothing is counted. */
export function creditsLeft(signal) {
  const element = h("span", { class: "credits" });
  const uncounted = new AbortController();
  const stop = AbortSignal.any([signal, uncounted.signal]);

  async function look() {
    const { enabled, available } = await ask("/v1/credits", { limit: 1 }, { signal: stop });
    if (enabled && available !== null) fill(element, h("strong", {}, count(available)), available === 1 ? " page left" : " pages left");
    else uncounted.abort();
  }
  // A page without its credits is still a page; what is wrong will show where it matters.
  const refused = (error) => {
    if (!stop.aborted && !(error instanceof Problem || error instanceof Away)) throw error;
  };
  // Several changes at once are one look.
  changes.addEventListener("change", later(300, () => look().catch(refused), stop), { signal: stop });
  regularly(SECONDS, look, stop).catch(refused);
  return element;
}
