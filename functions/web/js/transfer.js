// Sends one document: in the request itself where it fits, else in pieces to a resumable session.

import { connection, Away, insist, passes, Problem, problemOf, send } from "./api.js";
import { pause } from "./dom.js";
import { account, signOut, token } from "./session.js";

/** A request may have 32 MB in all, the form's own lines included. */
const ONE_REQUEST = 31 * 1024 * 1024;
/** A multiple of 256 KiB, says Cloud Storage. */
const PIECE = 8 * 1024 * 1024;
/** Tries in a row that bring no byte further. */
const TRIES = 8;

/**
 * Sends a file and returns the API's answer. `moved(bytes)` is told how far it is, and
 * `stalled(true)` that it is being tried again. `key` makes a repeated request the same one.
 */
export async function transfer(file, options, key, watch) {
  return file.size <= ONE_REQUEST ? whole(file, options, key, watch) : inPieces(file, options, key, watch);
}

async function whole(file, options, key, watch) {
  const form = new FormData();
  form.append("options", JSON.stringify(options));
  form.append("file", file, file.name);
  const headers = { Authorization: `Bearer ${token()}`, Prefer: "respond-async", "Idempotency-Key": key };
  for (let tried = 1; ; tried += 1) {
    try {
      const answer = await put("POST", "/v1/documents", form, headers, watch, (sent) =>
        watch.moved(Math.min(sent, file.size)),
      );
      if (answer.status < 300) return JSON.parse(answer.responseText);
      if (answer.status === 401) signOut("Your token is not valid any more.");
      throw problemOf(answer.status, answer.responseText, Number(answer.getResponseHeader("Retry-After") ?? 0));
    } catch (error) {
      if (tried >= TRIES || !passes(error)) throw error;
      await again(error, tried, watch);
    }
  }
}

async function inPieces(file, options, key, watch) {
  const place = placeOf(file, options);
  let begun = JSON.parse(sessionStorage.getItem(place) ?? "null");
  const older = begun !== null;
  if (!older) {
    const json = { filename: file.name, size: file.size, options };
    const answer = await insist(
      () => send("/v1/documents", { method: "POST", json, headers: { "Idempotency-Key": key }, signal: watch.signal }),
      watch.signal,
    );
    begun = await answer.json();
    sessionStorage.setItem(place, JSON.stringify(begun));
  }
  watch.began?.(begun);
  try {
    await pieces(file, begun.upload.url, watch, older);
  } catch (error) {
    // A session that is gone can't be gone on with.
    if (error instanceof Problem || watch.signal.aborted) sessionStorage.removeItem(place);
    throw error;
  }
  sessionStorage.removeItem(place);
  return begun;
}

/** Where it stands how to go on with a file: of the same account's, with the same options. */
function placeOf(file, options) {
  return `quire.upload:${account()}:${file.name}:${file.size}:${file.lastModified}:${JSON.stringify({ ...options, password: undefined })}`;
}

/** Has a file sent anew where it was begun before. */
export function forget(file, options) {
  sessionStorage.removeItem(placeOf(file, options));
}

/**
 * Sends a file to a resumable session. `watch` is as `transfer` has it; `older` says that the session
 * was begun before, so that it is asked first how far that came.
 */
export async function pieces(file, url, watch, older = false) {
  let offset = 0;
  for (let asking = older, tried = 0; ; ) {
    const end = Math.min(offset + PIECE, file.size);
    const range = asking ? `bytes */${file.size}` : `bytes ${offset}-${end - 1}/${file.size}`;
    try {
      const body = asking ? null : file.slice(offset, end);
      const answer = await put("PUT", url, body, { "Content-Range": range }, watch, (sent) => watch.moved(offset + sent));
      if (answer.status < 300) return;
      if (answer.status !== 308) throw refusedBy(answer);
      const arrived = Number(/^range:.*-(\d+)\s*$/im.exec(answer.getAllResponseHeaders())?.[1] ?? -1) + 1;
      tried = arrived > offset ? 0 : tried + (asking ? 0 : 1);
      offset = arrived;
      asking = false;
      watch.stalled(false);
      watch.moved(offset);
      if (tried >= TRIES) throw new Away("The storage takes no more bytes. Try again later.");
    } catch (error) {
      tried += 1;
      if (tried >= TRIES || !passes(error)) throw error;
      asking = true;
      await again(error, tried, watch);
    }
  }
}

function refusedBy(answer) {
  const words = { 404: "The upload's address is not valid any more.", 410: "The upload's address is not valid any more." };
  return new Problem(answer.status, "UPLOAD_REFUSED", words[answer.status] ?? "The storage refused the upload.");
}

async function again(error, tried, watch) {
  watch.stalled(true);
  await pause(Math.max(Math.min(500 * 2 ** tried, 15000), (error.wait ?? 0) * 1000), watch.signal);
  watch.signal.throwIfAborted();
}

/** One request whose body is watched on its way, which fetch cannot do. */
function put(method, url, body, headers, { signal }, moved) {
  return new Promise((done, failed) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (body !== null) request.upload.onprogress = (event) => moved(event.loaded);
    request.onload = () => done(request);
    request.onerror = () => failed(new Away("The connection broke off."));
    request.onabort = () => failed(new DOMException("given up", "AbortError"));
    request.onloadend = () => {
      signal.removeEventListener("abort", stop);
      connection.set(request.status !== 0 || signal.aborted);
    };
    request.send(body);
  });
}
