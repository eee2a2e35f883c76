// Files that are dropped: anywhere on the page, and folders with all that lies below them.

/** Calls `take(dataTransfer)` for files that are dropped; the zone shows that it would take them. */
export function whenDropped(zone, signal, take) {
  const listen = (kind, heard) => addEventListener(kind, heard, { signal });
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (by) => zone.classList.toggle("over", (depth = by === 0 ? 0 : depth + by) > 0);
  listen("dragenter", (event) => holdsFiles(event) && mark(1));
  listen("dragleave", (event) => holdsFiles(event) && mark(-1));
  listen("dragover", (event) => holdsFiles(event) && event.preventDefault());
  listen("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    mark(0);
    take(event.dataTransfer);
  });
}

/** All files of what was dropped as {file, path}, those in folders too, by their paths. */
export async function filesOf(dropped) {
  // What was dropped can be asked for only now, not after the first wait.
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...dropped.files].map((file) => ({ file, path: file.name }));
  const found = [];
  for (const queue = entries; queue.length; ) {
    const entry = queue.shift();
    if (entry.isDirectory) queue.push(...(await entriesOf(entry)));
    else found.push({ file: await new Promise((done, failed) => entry.file(done, failed)), path: entry.fullPath.replace(/^\//, "") });
  }
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** A folder tells its entries a hundred at a time, until it has no more. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return all;
    all.push(...some);
  }
}
