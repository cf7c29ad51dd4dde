// Estimates the server's clock, and formats times. Timestamps are whole seconds since 1970, as in
// the API.

// A Date header has whole seconds, so the exact time is up to one second later.
const HALF_SECOND_MILLISECONDS = 500;

const DAY_SECONDS = 24 * 60 * 60;

// The language of dates and times, and the word for the end of a running session.
let locale = "en-GB";
let runningWord = "now";

// Formatters are slow to make, and a long list needs them often.
const formatters = new Map();

function formatter(language, options) {
  const key = language + JSON.stringify(options);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(language, options));
  return formatters.get(key);
}

export function setLanguage(newLocale, word) {
  [locale, runningWord] = [newLocale, word];
}

// The server's clock minus the phone's clock, in milliseconds.
let offsetMilliseconds = 0;

export const offset = () => offsetMilliseconds;

export function setOffset(milliseconds) {
  offsetMilliseconds = milliseconds;
}

// Updates the offset from a response's Date header. `sent` and `received` are times of the phone's
// clock, in milliseconds. Differences within the measurement error do not change the offset.
export function updateOffset(date, sent, received) {
  const measured = Date.parse(date) + HALF_SECOND_MILLISECONDS - (sent + received) / 2;
  const measurementError = HALF_SECOND_MILLISECONDS + (received - sent) / 2;
  if (Math.abs(measured - offsetMilliseconds) > measurementError) offsetMilliseconds = measured;
}

// Returns the time zone of a person's days: their own, or else their organization's.
export const zoneOf = ({ person, organization }) => person.zone ?? organization.zone;

export const now = () => Math.floor((Date.now() + offsetMilliseconds) / 1000);

export const parse = (text) => (text === null ? null : Math.floor(Date.parse(text) / 1000));

export const format = (timestamp) => new Date(timestamp * 1000).toISOString();

// The Swedish locale formats dates as in ISO 8601.
export const dateOf = (timestamp, zone) =>
  formatter("sv-SE", { timeZone: zone }).format(timestamp * 1000);

export const timeOfDay = (timestamp, zone) =>
  formatter(locale, { timeZone: zone, timeStyle: "short" }).format(timestamp * 1000);

const dayOf = (timestamp, zone) =>
  formatter(locale, { timeZone: zone, weekday: "short", day: "numeric", month: "short" }).format(timestamp * 1000);

// Formats a date such as 2026-11-27, by the options of Intl.DateTimeFormat.
export const formatDate = (date, options = { dateStyle: "long" }) =>
  formatter(locale, { timeZone: "UTC", ...options }).format(Date.parse(`${date}T00:00Z`));

// Formats a time, with its day if that is not `date`: by default, today.
export const dayAndTime = (timestamp, zone, date = dateOf(now(), zone)) =>
  (dateOf(timestamp, zone) === date ? "" : `${dayOf(timestamp, zone)}, `) + timeOfDay(timestamp, zone);

// Formats the start and the end of a session, with their days if they are not `date`.
export function timesOf({ started, stopped }, zone, date = dateOf(now(), zone)) {
  const isSameDay = stopped !== null && dateOf(started, zone) === dateOf(stopped, zone);
  const end = stopped === null ? runningWord : (isSameDay ? timeOfDay : dayAndTime)(stopped, zone, date);
  return `${dayAndTime(started, zone, date)} – ${end}`;
}

// Formats a timestamp as date and time without an offset, such as 2025-08-02T01:21, as in a form.
export const localMinute = (timestamp, zone) =>
  formatter("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" })
    .format(timestamp * 1000).replace(/\s/, "T");

// Returns how far clocks in a zone are ahead of UTC at a timestamp, in seconds.
export const utcOffset = (timestamp, zone) =>
  Date.parse(`${localMinute(timestamp, zone)}Z`) / 1000 - Math.floor(timestamp / 60) * 60;

// Parses such a text. A time that a clock change repeats is taken as the first one; a time that it
// skips is taken as the time one hour later.
export function parseLocalMinute(text, zone) {
  const asUtc = Date.parse(`${text}Z`) / 1000;
  const candidates = [asUtc - DAY_SECONDS, asUtc + DAY_SECONDS].map((near) => asUtc - utcOffset(near, zone));
  const matching = candidates.filter((timestamp) => localMinute(timestamp, zone) === text);
  return matching.length ? Math.min(...matching) : Math.max(...candidates);
}

// Returns the timestamp at which the day of a timestamp began, or another day that many days before.
export function startOfDay(timestamp, zone, daysBefore = 0) {
  const date = new Date(`${dateOf(timestamp, zone)}T00:00Z`);
  date.setUTCDate(date.getUTCDate() - daysBefore);
  return parseLocalMinute(date.toISOString().slice(0, 16), zone);
}

// Formats a duration as hours, minutes and seconds, such as 1:05:09.
export function formatClock(duration) {
  const [hours, minutes, seconds] = [duration / 3600, (duration / 60) % 60, duration % 60].map(Math.floor);
  return [hours, twoDigits(minutes), twoDigits(seconds)].join(":");
}

// Formats seconds as minutes, such as 1 h 05 min. Rounds half up, as the server does.
export function formatMinutes(seconds) {
  const minutes = Math.floor((seconds + 30) / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

// Formats seconds as hours and minutes, such as 1:05, for narrow columns.
export function formatShort(seconds) {
  const minutes = Math.floor((seconds + 30) / 60);
  return `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}`;
}

// Formats seconds in words, such as 90 seconds, or 1 hour, 30 minutes: the two largest units.
export function formatDuration(seconds) {
  const minutes = Math.round(seconds / 60);
  const values = seconds < 100
    ? [[Math.ceil(seconds), "second"]]
    : [[Math.floor(minutes / 1440), "day"], [Math.floor(minutes / 60) % 24, "hour"], [minutes % 60, "minute"]];
  const format = ([value, unit]) =>
    new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(value);
  const shown = values.filter(([value]) => value > 0).slice(0, 2);
  return (shown.length ? shown : values.slice(-1)).map(format).join(", ");
}

const twoDigits = (number) => String(number).padStart(2, "0");
