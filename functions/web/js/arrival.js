// A token that comes in the address (`#token=…&to=…`). Anybody can make such a link: it must not
// put the reader into the maker's account unnoticed, where whatever is sent would be the maker's.

import { h } from "./dom.js";
import { question } from "./notices.js";
import { account, bare, bearerInFull, signIn, token } from "./session.js";

/** A page of one's own machine: its links are printed by one's own stack. */
const OWN_MACHINE = new Set(["localhost", "127.0.0.1", "[::1]"]);

let asking = false;

/**
 * Takes a token out of the address, so that it is in no history and no bookmark, and signs in with
 * it; asks first where that could do harm, and stays at the place `here` meanwhile. Returns whether
 * there was one.
 */
export function arrive(here) {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = bare(fragment.get("token") ?? "");
  if (!fragment.has("token")) return false;
  const there = fragment.get("to") ?? "/";
  const harmless = given && (token() === null ? OWN_MACHINE.has(location.hostname) : isSame(given));
  goTo(harmless ? there : here);
  if (harmless) signIn(given);
  else if (given) ask(given, there);
  return true;
}

function isSame(given) {
  return given === token() || (account(given) !== null && account(given) === account());
}

function goTo(place) {
  history.replaceState(null, "", `${location.pathname}#${place}`);
}

async function ask(given, there) {
  // One question at a time: an answer must not be taken for another's.
  if (asking) return;
  asking = true;
  const them = h("b", {}, h("bdi", {}, bearerInFull(given)));
  const present = token() !== null && ["You are signed in as ", h("b", {}, h("bdi", {}, bearerInFull())), ". "];
  try {
    const answer = await question({
      title: present ? "Sign in as somebody else?" : "Sign in by this link?",
      text: [present, "This link signs you in as ", them, ": what you send then belongs to that account. Go on only if it is yours."],
      yes: "Sign in",
      no: present ? "Stay" : "Don't sign in",
    });
    if (answer === null) return;
  } finally {
    asking = false;
  }
  goTo(there);
  signIn(given);
}
