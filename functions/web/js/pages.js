// A document's pages: words and pictures, fetched once, kept for a while, the neighbours ahead of time.

import { ask, insist, send } from "./api.js";

/** Widths in pixels that are asked for, so that a changed window does not fetch every picture anew. */
const WIDTHS = [800, 1200, 1600, 2000, 2400];
const KEPT = 12;

/** The pages of one document, until the signal lets go of their pictures. */
export function pageSource(documentId, signal) {
  const here = `/v1/documents/${documentId}/pages`;
  const words = new Map();
  const pictures = new Map();
  signal.addEventListener("abort", () => {
    for (const address of pictures.values()) address.then(URL.revokeObjectURL, () => {});
    pictures.clear();
  });

  function kept(store, key, fetched, forgotten = () => {}) {
    const found = store.get(key) ?? fetched();
    store.delete(key);
    store.set(key, found);
    // What failed may be asked for again.
    found.catch(() => store.get(key) === found && store.delete(key));
    for (const [oldest, value] of store) {
      if (store.size <= KEPT) break;
      store.delete(oldest);
      value.then(forgotten, () => {});
    }
    return found;
  }
  /** One page's words and text. Raises Problem 404 where it was not read. */
  function page(number) {
    return kept(words, number, () => insist(() => ask(`${here}/${number}`, {}, { signal }), signal));
  }
  /** The address of a page's picture, at least `width` pixels wide where there are so many. */
  function picture(number, width) {
    const wide = WIDTHS.find((each) => each >= width) ?? WIDTHS.at(-1);
    return kept(
      pictures,
      `${number}@${wide}`,
      () => insist(async () => URL.createObjectURL(await (await send(`${here}/${number}/picture?width=${wide}`, { signal, cache: "default" })).blob()), signal),
      URL.revokeObjectURL,
    );
  }
  function find(query, next, stop) {
    return ask(`/v1/documents/${documentId}/find`, { q: query, after: next }, { signal: stop });
  }
  /** The best passages for a query, by words and by meaning. */
  function search(query, limit, stop) {
    return ask(`/v1/documents/${documentId}/search`, { q: query, limit }, { signal: stop });
  }
  /** One passage by its position, as a page has it; null where it is not there. */
  async function passage(number, position, stop) {
    const { passages } = await ask(`/v1/documents/${documentId}/passages`, { page: number, limit: 500 }, { signal: stop });
    return passages.find((each) => each.position === position) ?? null;
  }
  return { page, picture, find, search, passage };
}
