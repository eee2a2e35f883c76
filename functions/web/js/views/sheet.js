// A page's picture with its words laid over it: pointing at one tells its text and how sure it is.

import { fill, h, s, say } from "../dom.js";
import { percent } from "../format.js";
import { complain, trouble } from "../notices.js";

/** Words below these confidences are tinted. */
const LOW = 0.85;
const POOR = 0.6;

/** 100 %: a page as wide as a letter sheet on paper, in CSS pixels. */
const WHOLE = 816;
const STEPS = [0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2, 2.5, 3];

/** The picture. `pointed(index)` and `chosen(index)` are told of a word, -1 for none. */
export function sheet({ signal, pages, pointed, chosen }) {
  let picture = h("img", { alt: "", hidden: true });
  const overlay = s("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true", class: "overlay" });
  const lit = s("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true", class: "lit" });
  const tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  const paper = h("div", { class: "paper skeleton", role: "figure" }, picture, lit, overlay, tip);
  const element = h("div", { class: "viewport", tabindex: 0, role: "region", "aria-label": "The page's picture" }, paper);
  const size = h("output", { class: "size", "aria-label": "Size" });
  let page = null;
  let rects = [];
  let ratio = Math.SQRT2;
  let mode = "width";
  let boxes = true;
  let wide = 0;

  new ResizeObserver(lay).observe(element);
  overlay.addEventListener("pointerover", (event) => over(indexOf(event.target)));
  overlay.addEventListener("pointerleave", () => over(-1));
  overlay.addEventListener("click", (event) => chosen(indexOf(event.target)));
  return { element, size, turning, show, broken, ahead, point, choose, mark, reveal, light, bringLight, zoom, fit, toggleBoxes };

  function turning() {
    paper.classList.add("turning");
    tip.hidden = true;
  }
  async function show(next, label) {
    page = next;
    ratio = page.height && page.width ? page.height / page.width : ratio;
    lay();
    let address = null;
    try {
      address = await pages.picture(page.number, wide * devicePixelRatio);
    } catch (error) {
      // A page that could not be read may not be drawable either; any other ought to be.
      if (!page.why) throw error;
    }
    if (page !== next || signal.aborted) return;
    await load(address, label);
    if (page !== next || signal.aborted) return;
    rects = page.words.map(({ box: [x0, y0, x1, y1], confidence }, index) =>
      s("rect", { x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0), class: confidence < POOR ? "poor" : confidence < LOW ? "low" : null, "data-index": index }),
    );
    fill(overlay, rects);
    fill(lit);
    fill(paper, picture, lit, overlay, tip, page.why && h("div", { class: "unread" }, h("p", {}, page.why, page.code && h("code", {}, page.code))));
    paper.setAttribute("aria-label", label);
    paper.classList.remove("turning", "skeleton");
    element.scrollTop = 0;
  }
  /** Puts the picture there once it can be drawn; until then the old one stays. */
  async function load(address, label) {
    const of = page;
    const fresh = h("img", { alt: label, draggable: "false", hidden: address === null });
    if (address !== null) {
      fresh.src = address;
      await fresh.decode();
    }
    if (page !== of || signal.aborted) return;
    picture.replaceWith(fresh);
    picture = fresh;
    if (!page.width && address !== null) {
      ratio = picture.naturalHeight / picture.naturalWidth;
      lay();
    }
  }
  function broken(error, again) {
    paper.classList.remove("turning");
    fill(paper, trouble(error, again));
  }
  function ahead(number) {
    return pages.picture(number, wide * devicePixelRatio);
  }

  /** Gives the paper its size, which nothing that loads later changes. */
  function lay() {
    const room = element.clientWidth - 2 * parseFloat(getComputedStyle(element).paddingInlineStart);
    const height = element.clientHeight - 32;
    if (room <= 0) return;
    const fitted = mode === "page" ? Math.min(room, height / ratio) : Math.min(room, 1100);
    wide = typeof mode === "number" ? WHOLE * mode : fitted;
    paper.style.inlineSize = `${wide}px`;
    paper.style.aspectRatio = `1 / ${ratio}`;
    overlay.classList.toggle("fine", wide < 560);
    say(size, `${Math.round((wide / WHOLE) * 100)} %`);
  }
  function zoom(by) {
    const now = wide / WHOLE;
    const next = by > 0 ? STEPS.find((step) => step > now + 0.01) : STEPS.findLast((step) => step < now - 0.01);
    if (next) fit(next);
  }
  function fit(wanted) {
    mode = wanted;
    lay();
    // A larger picture for a larger paper, once it is there.
    const of = page;
    if (of && !of.why) {
      pages.picture(of.number, wide * devicePixelRatio).then((address) => {
        if (page === of && picture.src !== address) return load(address, picture.alt);
        return undefined;
      }).catch((error) => signal.aborted || complain(error));
    }
  }
  function toggleBoxes() {
    boxes = !boxes;
    overlay.classList.toggle("bare", !boxes);
    return boxes;
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
    const word = page?.words[index];
    tip.hidden = !word;
    if (!word) return;
    const [x0, y0, x1, y1] = word.box;
    fill(tip, h("b", { dir: "auto" }, word.text), h("span", {}, percent(word.confidence)));
    const below = y0 < 0.06;
    tip.classList.toggle("below", below);
    tip.style.left = `${Math.min(Math.max((x0 + x1) / 2, 0.08), 0.92) * 100}%`;
    tip.style.top = `${(below ? y1 : y0) * 100}%`;
  }
  function choose(index) {
    flag("chosen", index >= 0 ? [index] : []);
    if (index >= 0) bring(rects[index]);
    else point(-1);
  }
  function mark(indexes) {
    flag("hit", indexes);
  }
  function reveal(indexes) {
    flag("found", indexes);
    bring(rects[indexes[0]]);
  }
  /** Lights a passage's lines, and strongly what of it was asked for; both as [x0, y0, x1, y1]. */
  function light(lines, asked) {
    const drawn = (kind, boxes) => boxes.map(([x0, y0, x1, y1]) => s("rect", { x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0), class: kind }));
    fill(lit, drawn("line", lines), drawn("asked", asked));
  }
  function bringLight() {
    bring(lit.querySelector(".asked") ?? lit.querySelector(".line"));
  }
  function flag(name, indexes) {
    for (const each of overlay.querySelectorAll(`.${name}`)) each.classList.remove(name);
    for (const index of indexes) rects[index]?.classList.add(name);
  }
  /** Scrolls the picture alone, and only as far as is needed. */
  function bring(rect) {
    if (!rect) return;
    const at = rect.getBoundingClientRect();
    const room = element.getBoundingClientRect();
    if (at.top < room.top + 20 || at.bottom > room.bottom - 20) element.scrollTop += at.top - room.top - room.height / 3;
    if (at.left < room.left + 20 || at.right > room.right - 20) element.scrollLeft += at.left - room.left - room.width / 3;
  }
}
