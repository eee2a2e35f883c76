// Light or dark: as the system has it, until somebody chooses. boot.js applies it at the start.

const KEY = "quire.theme";

/** The chosen theme, or "system". */
export function theme() {
  return localStorage.getItem(KEY) ?? "system";
}

/** Whether the page is dark at the moment. */
export function isDark() {
  return theme() === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : theme() === "dark";
}

/** Chooses the other one; back to the system's where that is the same. */
export function turn() {
  const wanted = isDark() ? "light" : "dark";
  const systems = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  if (wanted === systems) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, wanted);
  if (theme() === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme();
}
