// Colours as the page has them now, and who wants to know when they change.
const probe = document.createElement("span");
probe.hidden = true;
const known = new Map(), listeners = new Set();

// A CSS variable's colour, as canvas and SVG files take it; `ink` for `--ink`.
export function colour(name) {
  if (!known.has(name)) {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(--${name})`;
    known.set(name, getComputedStyle(probe).color);
  }
  return known.get(name);
}

// Calls back whenever light becomes dark or dark light; answers what ends that.
export function onTheme(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

function changed() {
  known.clear();
  listeners.forEach(callback => callback());
}

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
darkSystem.addEventListener("change", changed);

export const isDark = () => (document.documentElement.dataset.theme || (darkSystem.matches ? "dark" : "light")) === "dark";

// "light", "dark", or "" as the system has it.
export function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  changed();
}

// Health factors below a limit, worst first; the last has none.
export const bands = [
  {limit: 1, name: "below 1: liquidatable", colour: "health-0"},
  {limit: 1.1, name: "below 1.1", colour: "health-1"},
  {limit: 1.5, name: "below 1.5", colour: "health-2"},
  {limit: Infinity, name: "1.5 and above", colour: "health-3"},
];

// The band of a health factor; null, which is no debt or an unknown price, is in the last.
export function band(health) {
  return bands.find(each => health < each.limit && health !== null) ?? bands.at(-1);
}
