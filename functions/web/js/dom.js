// Builds elements. Text only ever becomes a text node: nothing that comes from a document, a file
// name or the API is read as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, `on…` listeners and children (nodes, texts, lists; null is left out). */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...shown(children));
  return element;
}

function shown(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Puts other children into an element. */
export function fill(element, ...children) {
  element.replaceChildren(...shown(children));
  return element;
}

/** Sets a text where it differs, so that a screen reader and a selection are left in peace. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Reads something out politely; the same sentence twice is said twice. */
export function announce(sentence) {
  const spoken = document.getElementById("spoken");
  spoken.textContent = spoken.textContent === sentence ? `${sentence}\u00a0` : sentence;
}

/** Calls `work` with the last arguments once nobody has asked for `wait` milliseconds. */
export function later(wait, work, signal) {
  let timer = 0;
  signal?.addEventListener("abort", () => clearTimeout(timer));
  return (...given) => {
    clearTimeout(timer);
    if (!signal?.aborted) timer = setTimeout(() => work(...given), wait);
  };
}

/** Resolves after `wait` milliseconds, or at once when the signal says stop. */
export function pause(wait, signal) {
  return new Promise((done) => {
    if (signal?.aborted) return done();
    const timer = setTimeout(end, wait);
    function end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      done();
    }
    signal?.addEventListener("abort", end);
  });
}
