// Estimates the server's clock, and formats times. Timestamps are whole seconds since 1970, as in
// the API.

// A Date header has whole seconds, so the exact time is up to one second later.
const HALF_SECOND_MILLISECONDS = 500;

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

export const now = () => Math.floor((Date.now() + offsetMilliseconds) / 1000);

export const parse = (text) => (text === null ? null : Math.floor(Date.parse(text) / 1000));

export const format = (timestamp) => new Date(timestamp * 1000).toISOString();

// The Swedish locale formats dates as in ISO 8601.
export const dateOf = (timestamp, zone) =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(timestamp * 1000);

export const timeOfDay = (timestamp, zone) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "short" }).format(timestamp * 1000);

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

const twoDigits = (number) => String(number).padStart(2, "0");
