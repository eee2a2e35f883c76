// Buttons that do something and are busy meanwhile, and a place where only those stand that apply.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { complain } from "./notices.js";

/** A button with a pictogram; while its work goes on, another press does nothing. */
export function control(name, label, work, kind = "") {
  return h("button", { type: "button", class: kind, onclick: (event) => busy(event.currentTarget, work), data: { action: name } }, icon(name), label);
}

/** Does the button's work once at a time, and tells what went wrong with it. */
export async function busy(button, work) {
  // Not `disabled`, which would take the focus away.
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  try {
    await work();
  } catch (error) {
    complain(error);
  } finally {
    button.ariaDisabled = "false";
  }
}

/** Puts the wanted ones there; the focus goes on to the first, or to `otherwise`, if its own goes away. */
export function arrange(place, wanted, otherwise) {
  if (wanted.length === place.children.length && wanted.every((each, at) => place.children[at] === each)) return;
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  fill(place, wanted);
  if (focused) (wanted.includes(focused) ? focused : (wanted[0] ?? otherwise)).focus();
}
