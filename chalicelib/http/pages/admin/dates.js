// Dates and months as texts, such as 2026-11-27 and 2026-11.

const LANGUAGE = "en-GB";

const utc = (date) => new Date(`${date}T00:00Z`);
const isoDate = (date) => date.toISOString().slice(0, 10);

export function daysAfter(date, count) {
  const moved = utc(date);
  moved.setUTCDate(moved.getUTCDate() + count);
  return isoDate(moved);
}

export function monthsAfter(month, count) {
  const moved = utc(`${month}-01`);
  moved.setUTCMonth(moved.getUTCMonth() + count);
  return isoDate(moved).slice(0, 7);
}

export const lastDayOf = (month) => daysAfter(`${monthsAfter(month, 1)}-01`, -1);

export const nameOfMonth = (month) =>
  new Intl.DateTimeFormat(LANGUAGE, { month: "long", year: "numeric", timeZone: "UTC" }).format(utc(`${month}-01`));

export const nameOfDay = (date) =>
  new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "full", timeZone: "UTC" }).format(utc(date));

export const isMonth = (text) => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
export const isDate = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(utc(text).getTime());
