// Time: the server's, as far as this phone knows it, and how it is shown. Instants are whole
// seconds since 1970, as the API's are.

// A Date header has whole seconds: the instant it was written lies up to one after it.
const HALF_A_SECOND = 500;

// Milliseconds that the server is ahead of this phone.
let ahead = 0;

export const offset = () => ahead;

export function setOffset(milliseconds) {
  ahead = milliseconds;
}

// Learns from an answer's Date header; `sent` and `received` are this phone's time. Nothing moves
// while the answer agrees with what is known, within what can be measured.
export function learn(date, sent, received) {
  const seen = Date.parse(date) + HALF_A_SECOND - (sent + received) / 2;
  if (Math.abs(seen - ahead) > HALF_A_SECOND + (received - sent) / 2) ahead = seen;
}

export const now = () => Math.floor((Date.now() + ahead) / 1000);

export const parse = (text) => (text === null ? null : Math.floor(Date.parse(text) / 1000));

export const format = (instant) => new Date(instant * 1000).toISOString();

// Swedes write dates as ISO 8601 does.
export const dateOf = (instant, zone) =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(instant * 1000);

export const timeOfDay = (instant, zone) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "short" }).format(instant * 1000);

export function ticking(seconds) {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  return [hours, two(minutes), two(rest)].join(":");
}

// Minutes, rounded half up: as the server shows them.
export function inMinutes(seconds) {
  const minutes = Math.floor((seconds + 30) / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

const two = (number) => String(number).padStart(2, "0");
