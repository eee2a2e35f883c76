// Who is signed in: a token or an API key, kept for this tab only.

const KEY = "quire.token";

export const session = new EventTarget();

/** The token, or null. */
export function token() {
  return sessionStorage.getItem(KEY);
}

/** Takes a token out of the address (`#token=…`), so that it is in no history and no bookmark. */
export function takeFromAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("token");
  if (given === null) return;
  history.replaceState(null, "", `${location.pathname}#${fragment.get("to") ?? "/"}`);
  if (given) sessionStorage.setItem(KEY, given.trim());
}

/** Signs in. */
export function signIn(given) {
  sessionStorage.setItem(KEY, given.trim().replace(/^Bearer\s+/i, ""));
  session.dispatchEvent(new Event("change"));
}

/** Signs out; `why` is told on the sign-in view. */
export function signOut(why = "") {
  if (token() === null && !why) return;
  sessionStorage.removeItem(KEY);
  session.dispatchEvent(new CustomEvent("change", { detail: why }));
}

/** What the token says about its bearer; empty for an API key. Only the API checks it. */
export function claims() {
  try {
    const [, body] = (token() ?? "").split(".");
    const bytes = Uint8Array.from(atob(body.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

/** Whether the bearer may see the administration. */
export function isAdministrator() {
  return claims().app_metadata?.role === "admin";
}

/** Who the bearer is, in a few characters. */
export function bearer() {
  const { email, sub } = claims();
  return email ?? sub ?? "API key";
}
