// How numbers, times and states are said.

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const COUNT = new Intl.NumberFormat("en");

export const STATUS_NAMES = {
  pending: "Pending",
  processing: "Processing",
  paused: "Paused",
  completed: "Completed",
  completed_with_errors: "Completed with errors",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** A batch's documents by their state, as they stand in its bar. */
export const DOCUMENT_STATES = {
  completed: "completed",
  completed_with_errors: "with errors",
  failed: "failed",
  processing: "processing",
  paused: "paused",
  pending: "waiting",
  cancelled: "cancelled",
};

export const CHUNK_STATUS_NAMES = {
  pending: "pending",
  processing: "processing",
  completed: "completed",
  failed: "failed",
};

const ENDED = new Set(["completed", "completed_with_errors", "failed", "cancelled"]);

/** Whether a job has ended. */
export function hasEnded(job) {
  return ENDED.has(job.status);
}

/** Whether there is something to read: also an earlier run's result, while a retry goes on. */
export function hasResult(job) {
  return job.has_result ?? (job.status === "completed" || job.status === "completed_with_errors");
}

/** 1,234 */
export function count(number) {
  return COUNT.format(number);
}

/** "1 page", "12 pages" */
export function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** A pace, with a digit behind the point where it is slow: "1,240", "37", "4.5" */
export function pace(number) {
  return count(number < 9.95 ? Number(number.toFixed(1)) : Math.round(number));
}

/** "page 7", "pages 101-125" */
export function pages(first, last) {
  return first === last ? `page ${count(first)}` : `pages ${count(first)}-${count(last)}`;
}

/** A size in bytes, as "509 kB". */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 999.5 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${unit > 1 && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

/** Seconds, as "8 s", "3 min", "2 h 5 min". */
export function duration(seconds) {
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long something will still take, without a false exactness. */
export function remaining(seconds) {
  if (seconds < 3) return "a moment left";
  if (seconds < 60) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  return `about ${duration(Math.max(100, seconds))} left`;
}

/** "3 minutes ago" */
export function ago(moment) {
  const seconds = (new Date(moment) - Date.now()) / 1000;
  const steps = [[60, "second"], [3600, "minute"], [86400, "hour"], [Infinity, "day"]];
  const [, unit] = steps.find(([limit]) => -seconds < limit);
  const length = { second: 1, minute: 60, hour: 3600, day: 86400 }[unit];
  return unit === "second" && -seconds < 10 ? "just now" : RELATIVE.format(Math.round(seconds / length), unit);
}

/** A moment in full, in the reader's own zone. */
export function moment(at) {
  return WHEN.format(new Date(at));
}

/** A moment's time of day. */
export function clock(at) {
  return CLOCK.format(new Date(at));
}

/** Confidence as a percentage, never rounded up to a certainty it has not. */
export function percent(share) {
  return `${Math.floor(share * 100)} %`;
}

/** Characters as the API counts them (code points), to be cut where its offsets say. */
export function characters(text) {
  return Array.from(text);
}
