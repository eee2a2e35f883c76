// The few pictograms, each drawn on a field of 20 by 20. They are decoration: the word stands beside
// them, or in the control's label.

import { s } from "./dom.js";

const PATHS = {
  pause: "M7 5v10M13 5v10",
  resume: "M7 4.500 15 10l-8 5.500z",
  cancel: "M5.500 5.500l9 9M14.500 5.500l-9 9",
  retry: "M15.500 10a5.500 5.500 0 1 1-1.600-3.900M15.500 3.500v3.500H12",
  back: "M12 4.500 6.500 10l5.500 5.500",
  next: "M8 4.500l5.500 5.500L8 15.500",
  first: "M14 4.500 8.500 10l5.500 5.500M5.500 4.500v11",
  last: "M6 4.500 11.500 10 6 15.500M14.500 4.500v11",
  search: "M9 14.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11zM13 13l3.500 3.500",
  more: "M10 4.500v11M4.500 10h11",
  less: "M4.500 10h11",
  theme: "M10 3.500a6.500 6.500 0 1 0 0 13zM10 3.500a6.500 6.500 0 0 1 0 13",
  down: "M10 3.500v9M6 9l4 4 4-4M4.500 16.500h11",
  list: "M7.500 5.500h8.500M7.500 10h8.500M7.500 14.500h8.500M4 5.500h.500M4 10h.500M4 14.500h.500",
  leave: "M8 4H4.500v12H8M12 6.500 15.500 10 12 13.500M15.500 10H8",
  open: "M10 5.800C8.200 4.500 6 4.200 3.500 4.700v9.800c2.500-.5 4.700-.2 6.500 1.100 1.800-1.300 4-1.600 6.500-1.100V4.700C14 4.200 11.800 4.500 10 5.800zM10 5.800v9.800",
};

/** One pictogram by name. */
export function icon(name) {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    s("path", { d: PATHS[name] }),
  );
}

/** The sheets of a quire, sewn: the mark of the page. */
export function mark() {
  return s(
    "svg",
    { class: "mark", viewBox: "0 0 28 24", "aria-hidden": "true", focusable: "false" },
    s("path", { class: "leaves", d: "M14 5C10.500 2.300 6.500 1.900 2 2.900v17c4.500-1 8.500-.6 12 2.100 3.500-2.700 7.500-3.100 12-2.100v-17C21.500 1.900 17.500 2.300 14 5zM14 5v17" }),
    s("path", { class: "thread", d: "M14 8.500v2.500M14 13v2.500M14 17.500v2" }),
  );
}
