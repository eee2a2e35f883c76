// Who is signed in: a token or an API key, kept for this tab only.

const KEY = "quire.token";

export const session = new EventTarget();

/** The token, or null. */
export function token() {
  return sessionStorage.getItem(KEY);
}

/** A token as somebody copied it, without what stood around it. */
export function bare(given) {
  return given.trim().replace(/^Bearer\s+/i, "");
}

/** Signs in. */
export function signIn(given) {
  sessionStorage.setItem(KEY, bare(given));
  session.dispatchEvent(new Event("change"));
}

/** Signs out; `why` is told on the sign-in view. */
export function signOut(why = "") {
  if (token() === null && !why) return;
  sessionStorage.removeItem(KEY);
  session.dispatchEvent(new CustomEvent("change", { detail: why }));
}

/** What a token says about its bearer; empty for an API key. Only the API checks it. */
export function claims(of = token()) {
  try {
    const [, body] = (of ?? "").split(".");
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

/** A name for the account that every token of it has; null where a token tells none. */
export function account(of = token()) {
  return claims(of).sub ?? publicPart(of);
}

/** Who the bearer is, for people. */
export function bearer(of = token()) {
  const { email, sub } = claims(of);
  const key = publicPart(of);
  return email ?? sub ?? (key ? `API key ${key}` : "an unknown account");
}

/** The same in full: an address alone may be chosen so that it looks like another's. */
export function bearerInFull(of = token()) {
  const { email, sub } = claims(of);
  return email && sub ? `${email} (${sub})` : bearer(of);
}

/** What of an API key is no secret; null for everything else. */
function publicPart(of) {
  return /^qk_[0-9A-Za-z]{12}(?=_)/.exec(of ?? "")?.[0] ?? null;
}
