// Starts the page: who is signed in, which view the address asks for, and what stands around it.

import { connection } from "./api.js";
import { arrive } from "./arrival.js";
import { fill, h } from "./dom.js";
import { header } from "./header.js";
import { complain } from "./notices.js";
import { session, token } from "./session.js";
import { openAdmin } from "./views/admin.js";
import { openBatch } from "./views/batch.js";
import { openBatches } from "./views/batches.js";
import { openHome } from "./views/home.js";
import { openAnyJob, openJob } from "./views/job.js";
import { openNewBatch } from "./views/newbatch.js";
import { openReader } from "./views/reader.js";
import { openSearch } from "./views/searchall.js";
import { openSignIn } from "./views/signin.js";

const ROUTES = [
  [/^\/$/, openHome],
  [/^\/jobs\/(?<job>[^/]+)$/, openJob],
  [/^\/jobs\/(?<job>[^/]+)\/pages\/(?<page>\d{1,7})$/, openReader],
  [/^\/batches$/, openBatches],
  [/^\/batches\/(?<batch>[^/]+)$/, openBatch],
  [/^\/batches\/new$/, openNewBatch],
  [/^\/search$/, openSearch],
  [/^\/admin$/, openAdmin],
  [/^\/admin\/jobs\/(?<job>[^/]+)$/, openAnyJob],
];

const main = document.getElementById("main");
let shown = { open: null, path: "", stop: new AbortController(), view: null };

/** Shows what the address asks for. A view that is open already may just turn to it. */
function show({ why = "", moveFocus = true } = {}) {
  const [path, query = ""] = (location.hash.slice(1) || "/").split("?");
  const params = { query: new URLSearchParams(query) };
  let open = openLost;
  for (const [pattern, candidate] of ROUTES) {
    const found = pattern.exec(path);
    if (found) {
      open = candidate;
      Object.assign(params, found.groups);
    }
  }
  if (token() === null) open = openSignIn;
  if (open === shown.open && shown.view?.turn?.(params)) return;
  shown.stop.abort();
  shown = { open, path, stop: new AbortController(), view: null };
  const signal = shown.stop.signal;
  header(document.getElementById("top"), signal, path);
  document.body.dataset.view = open.name;
  scrollTo(0, 0);
  shown.view = open(main, { ...params, why, signal });
  if (moveFocus) (main.querySelector("h1") ?? main).focus({ preventScroll: true });
}

function openLost(root) {
  document.title = "Not here – Quire";
  fill(
    root,
    h("section", { class: "blank" }, h("h1", { tabindex: -1 }, "There is nothing here"), h("p", {}, h("a", { href: "#/" }, "To your jobs"))),
  );
}

function showConnection() {
  const lost = !connection.up;
  const banner = document.getElementById("banner");
  // A moment's silence is nobody's business.
  setTimeout(() => {
    if (lost === !connection.up) fill(banner, lost && "Reconnecting. What you see may be out of date.");
  }, lost ? 800 : 0);
}

arrive("/");
connection.addEventListener("change", showConnection);
addEventListener("offline", () => connection.set(false));
addEventListener("hashchange", (event) => {
  // Who signs in is shown by the session's change; who is asked stays where they were.
  if (!arrive(new URL(event.oldURL).hash.slice(1) || "/")) show();
});
session.addEventListener("change", (event) => {
  shown.open = null;
  show({ why: event.detail ?? "" });
});
// What no view has caught is told here, and stays an error in the console.
addEventListener("unhandledrejection", (event) => {
  if (event.reason?.name === "AbortError" || event.reason?.status === 401) event.preventDefault();
  else complain(event.reason ?? new Error());
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
show({ moveFocus: false });
