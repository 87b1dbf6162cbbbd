// Numbers as people read them, in one way on every page.
const most = new Map();

// With so many significant digits at most, and commas: 1,749.5
export function plain(value, digits = 6) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return "∞";
  if (!most.has(digits)) most.set(digits, new Intl.NumberFormat("en", {maximumSignificantDigits: digits}));
  return most.get(digits).format(value);
}

const compact = new Intl.NumberFormat("en", {notation: "compact", maximumSignificantDigits: 3});
// In three digits and a letter: 1.25M
export const brief = value => (Number.isFinite(value) ? compact.format(value) : plain(value));

// Of 0.875: 87.5 %
export const part = value => (Number.isFinite(value) ? `${plain(100 * value, 3)}\u00a0%` : plain(value));

const minutes = {timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit"};
const [toMinutes, toSeconds] = [minutes, {...minutes, second: "2-digit"}].map(each => new Intl.DateTimeFormat("en-GB", each));
// Seconds since 1970 as a time in UTC: 12 Mar 2020, 10:30
export const time = seconds => (seconds % 60 ? toSeconds : toMinutes).format(seconds * 1000);

const day = new Intl.DateTimeFormat("en-GB", {timeZone: "UTC", day: "numeric", month: "short"});
const hour = new Intl.DateTimeFormat("en-GB", {timeZone: "UTC", hour: "2-digit", minute: "2-digit"});
// For an axis: the day where it begins, else the hour.
export const tick = seconds => (seconds % 86400 ? hour : day).format(seconds * 1000);
