// Folders of which one lies open, as the pattern for tabs has it: arrows move, the rest is one stop.

import { fill, h } from "./dom.js";

/** `folders` are {name, element, opened, closed}. */
export function tabs(label, folders) {
  const unique = `tab-${Math.random().toString(36).slice(2, 8)}`;
  const heads = folders.map(({ name }, at) =>
    h("button", { type: "button", role: "tab", id: `${unique}-${at}`, "aria-controls": `${unique}-panel`, onclick: () => open(at) }, name),
  );
  const panel = h("div", { role: "tabpanel", id: `${unique}-panel`, class: "panel", tabindex: 0 });
  const element = h("section", { class: "tabs" }, h("div", { role: "tablist", "aria-label": label, onkeydown: moved }, heads), panel);
  let current = -1;

  function open(at) {
    if (at === current) return;
    folders[current]?.closed?.();
    current = at;
    heads.forEach((head, each) => {
      head.setAttribute("aria-selected", String(each === at));
      head.tabIndex = each === at ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", heads[at].id);
    fill(panel, folders[at].element);
    folders[at].opened?.();
  }
  function moved(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -current, End: heads.length - 1 - current }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    open((current + step + heads.length) % heads.length);
    heads[current].focus();
  }
  open(0);
  return { element, open };
}
