// A series over time as bars: drawn at the size that there is, with axes and units. One tab stop, in
// which arrows go from bar to bar; and the same as a table.

import { fill, h, s, say } from "../dom.js";
import { clock, count, counted, pace } from "../format.js";

const HEIGHT = 190;
const ROOM = { left: 48, right: 6, top: 10, bottom: 24 };
/** Where there are fewer bars, there is room for as many. */
const FEWEST = 12;
/** Pixels that a moment's name needs. */
const NAME = 76;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
const SHORT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** `unit` is what the bars count ("pages a minute"); `columns` names what each bar has besides ("page"). */
export function chart({ label, unit, columns, signal }) {
  const plot = h("div", { class: "plot", role: "slider", tabindex: 0, "aria-label": `${label}, ${unit}`, "aria-valuemin": 1, "aria-valuemax": 1, "aria-valuenow": 1, "aria-valuetext": "Nothing yet", onkeydown: moved, onpointermove: pointed, onpointerleave: () => choose(isFocused() ? chosen : null), onfocus: () => choose(chosen ?? points.length - 1), onblur: () => choose(null) });
  const told = h("p", { class: "told" }, "\u00a0");
  const rows = h("tbody");
  const table = h(
    "details",
    { class: "astable" },
    h("summary", {}, "As a table"),
    h("div", { class: "sideways", tabindex: 0, role: "group", "aria-label": `${label}, as a table` }, h("table", {}, h("thead", {}, h("tr", {}, ["From", unit, ...columns.map((name) => `${name}s`)].map((name, at) => h("th", { scope: "col", class: at ? "n" : null }, name[0].toUpperCase() + name.slice(1))))), rows)),
  );
  const element = h("div", { class: "chart" }, plot, told, table);
  let points = [];
  let hint = "\u00a0";
  let chosen = null;
  let bars = [];

  const watched = new ResizeObserver(() => draw());
  watched.observe(plot);
  signal.addEventListener("abort", () => watched.disconnect());
  return { element, show };

  /** `now` are {at, seconds, value, cells, isPartial}, one behind the other; `words` stand where none is chosen. */
  function show(now, words) {
    const before = points[chosen]?.at;
    points = now.map((point) => ({ ...point, start: new Date(point.at).getTime() }));
    hint = words;
    // Where one is looking stays, also when what is before it has been put together.
    chosen = chosen === null ? null : Math.max(0, points.findIndex(({ at }) => at === before));
    plot.setAttribute("aria-valuemax", Math.max(1, points.length));
    fill(rows, points.filter(({ value, cells }) => value || cells.some(Boolean)).map(row));
    draw();
    choose(points.length ? chosen : null);
  }
  function row(point) {
    return h("tr", {}, h("th", { scope: "row" }, h("time", { datetime: point.at }, nameOf(point))), h("td", { class: "n" }, pace(point.value)), point.cells.map((cell) => h("td", { class: "n" }, count(cell))));
  }
  function draw() {
    const width = plot.clientWidth;
    if (!width) return;
    const [inner, height] = [width - ROOM.left - ROOM.right, HEIGHT - ROOM.top - ROOM.bottom];
    const top = ceiling(Math.max(1, ...points.map(({ value }) => value)));
    const first = points[0]?.start ?? 0;
    const last = first + slots() * (points[0]?.seconds ?? 1) * 1000;
    const x = (moment) => ROOM.left + ((moment - first) / (last - first)) * inner;
    const y = (value) => ROOM.top + height - (value / top.most) * height;
    bars = points.map((point, at) => {
      const [from, to] = [x(point.start), x(point.start + point.seconds * 1000)];
      const gap = to - from > 5 ? 1 : 0;
      return s("rect", { class: point.isPartial ? "part" : "", x: from + gap / 2, y: y(point.value), width: Math.max(1, to - from - gap), height: Math.max(0, ROOM.top + height - y(point.value)), rx: gap, "data-at": at });
    });
    fill(
      plot,
      s(
        "svg",
        { width, height: HEIGHT, "aria-hidden": "true", focusable: "false" },
        top.ticks.map((value) => [s("line", { class: value ? "grid" : "axis", x1: ROOM.left, x2: width - ROOM.right, y1: y(value), y2: y(value) }), s("text", { class: "value", x: ROOM.left - 8, y: y(value) + 4 }, count(value))]),
        bars,
        moments(first, last, inner).map(({ at, name }) => [s("line", { class: "tick", x1: x(at), x2: x(at), y1: ROOM.top + height, y2: ROOM.top + height + 4 }), s("text", { class: "moment", x: Math.min(Math.max(x(at), ROOM.left + 14), width - ROOM.right - 18), y: HEIGHT - 6 }, name)]),
      ),
    );
    mark();
  }
  function mark() {
    bars.forEach((bar, at) => bar.classList.toggle("chosen", at === chosen));
  }
  function choose(at) {
    chosen = points.length ? at : null;
    const point = points[chosen];
    const words = point && `${nameOf(point)}: ${pace(point.value)} ${unit}${point.isPartial ? " so far" : ""}${columns.map((name, each) => `, ${counted(point.cells[each], name)}`).join("")}`;
    say(told, words ?? hint);
    plot.setAttribute("aria-valuenow", (chosen ?? points.length - 1) + 1);
    plot.setAttribute("aria-valuetext", words ?? hint);
    mark();
  }
  function moved(event) {
    const at = chosen ?? points.length - 1;
    const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, PageUp: at + 10, PageDown: at - 10, Home: 0, End: points.length - 1 }[event.key];
    if (to === undefined || !points.length) return;
    event.preventDefault();
    choose(Math.min(Math.max(to, 0), points.length - 1));
  }
  function pointed(event) {
    const from = plot.getBoundingClientRect().left + ROOM.left;
    const share = (event.clientX - from) / (plot.clientWidth - ROOM.left - ROOM.right);
    if (points.length) choose(Math.min(Math.max(Math.floor(share * slots()), 0), points.length - 1));
  }
  function slots() {
    return Math.max(points.length, FEWEST);
  }
  function isFocused() {
    return document.activeElement === plot;
  }
}

/** The moment a bar begins at: with its day where bars are so long. */
function nameOf({ start, seconds }) {
  const moment = new Date(start);
  if (seconds >= 86400) return DAY.format(moment);
  return seconds >= 3600 ? `${DAY.format(moment)}, ${SHORT.format(moment)}` : clock(moment);
}

/** The lines of the value axis: two to five even steps of 1, 2 or 5, and where it ends. */
function ceiling(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  const step = Math.max(1, [0.25, 0.5, 1, 2, 5].map((each) => each * size).find((each) => value / each <= 5) ?? size * 5);
  const whole = Math.ceil(step);
  const lines = Math.ceil(value / whole);
  return { most: lines * whole, ticks: Array.from({ length: lines + 1 }, (_, at) => at * whole) };
}

/** Round moments in the reader's own zone, as many as there is room for. */
function moments(first, last, room) {
  const seconds = (last - first) / 1000;
  const step = STEPS.find((each) => (each / seconds) * room >= NAME) ?? seconds;
  const zone = new Date(first).getTimezoneOffset() * 60000;
  const found = [];
  for (let at = Math.ceil((first - zone) / (step * 1000)) * step * 1000 + zone; at <= last && found.length < 50; at += step * 1000) {
    const moment = new Date(at);
    found.push({ at, name: step >= 86400 ? DAY.format(moment) : step >= 60 ? SHORT.format(moment) : clock(moment) });
  }
  return found;
}
