// Weeks and days: their dates, their limits and their sums. Pure functions: no network, no clock.
//
// A date is a text such as 2026-11-27. A day is {date, start, end}: `start` and `end` are timestamps,
// and a day with a clock change has 23 or 25 hours. `weeks` are the weeks that this phone has loaded:
// see history.js.

import { parseLocalMinute } from "../shared/clock.js";

const HOUR_SECONDS = 60 * 60;
const MINUTE_SECONDS = 60;
const MONDAY = 1;

// The time entries whose time is exactly that of their sessions.
const TRACKED = 2;

const utc = (date) => new Date(`${date}T00:00Z`);

// Returns whether a text is a date that the page can show. A field has years such as 0002 while a
// person types 2026, and browsers take 2026-02-31 for a day of March.
export function isDate(text) {
  if (!/^(19[7-9]|20\d)\d-\d{2}-\d{2}$/.test(text)) return false;
  const date = utc(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

export function daysAfter(date, count) {
  const moved = utc(date);
  moved.setUTCDate(moved.getUTCDate() + count);
  return moved.toISOString().slice(0, 10);
}

// Returns the first day of the week in a language's country: 1 is Monday, 7 is Sunday.
export function firstWeekday(locale) {
  const parsed = new Intl.Locale(locale);
  return (parsed.getWeekInfo?.() ?? parsed.weekInfo)?.firstDay ?? MONDAY;
}

// Returns the seven dates of the week of a date.
export function weekOf(date, firstDay) {
  const first = daysAfter(date, -((utc(date).getUTCDay() - firstDay + 7) % 7));
  return Array.from({ length: 7 }, (_, index) => daysAfter(first, index));
}

// Returns the days of dates that follow each other.
export function daysOf(dates, zone) {
  const starts = [...dates, daysAfter(dates.at(-1), 1)].map((date) => parseLocalMinute(`${date}T00:00`, zone));
  return dates.map((date, index) => ({ date, start: starts[index], end: starts[index + 1] }));
}

// Returns the seconds of a session that are in a day. One over midnight counts in both days.
export const secondsIn = ({ started, stopped }, { start, end }, now) =>
  Math.max(0, Math.min(stopped ?? now, end) - Math.max(started, start));

// Returns whether a session began in a day, or reaches into it.
export const isIn = (session, day, now) =>
  (session.started >= day.start && session.started < day.end) || secondsIn(session, day, now) > 0;

// A record of an earlier version of this page does not say when it was updated.
const updateOf = (entry) => (entry ? (entry.updated ?? 0) : -1);

// Returns the newest known state of each time entry, by id: from a week's entries, and from timers.
export function newestEntries(entries, timers) {
  const newest = new Map();
  const ofTimers = timers.filter(({ entry }) => entry).map(({ entry, service }) => ({ service, ...entry }));
  for (const entry of [...entries, ...ofTimers]) {
    if (updateOf(newest.get(entry.id)) <= updateOf(entry)) newest.set(entry.id, entry);
  }
  return newest;
}

// Returns the time entries as they will be after the queued changes of booked time.
export function applyBookings(entries, actions) {
  const applied = new Map(entries);
  for (const { kind, entry: id, changes } of actions) {
    const entry = applied.get(id);
    if (kind === "unbook") applied.delete(id);
    // Without minutes, the time of the sessions counts, which only the server knows exactly.
    else if (kind === "book" && entry) {
      const minutes = changes.minutes ?? entry.minutes;
      applied.set(id, { ...entry, ...changes, minutes, waiting: true });
    }
  }
  return applied;
}

// Returns the time entries with time that no session has, by hand or from an import, as {...entry,
// booked, hasSessions}: `booked` are the seconds beyond those of its `timers`, the server's. They are
// negative if less than the sessions was set by hand.
export function bookedEntries(newest, timers) {
  const tracked = new Map();
  for (const { entry, started, stopped } of timers) {
    if (entry && stopped !== null) tracked.set(entry.id, (tracked.get(entry.id) ?? 0) + stopped - started);
  }
  const worked = new Set(timers.map(({ entry }) => entry?.id));
  return [...newest.values()]
    // A record of an earlier version of this page has no method.
    .filter(({ method = TRACKED }) => method !== TRACKED)
    .map((entry) => ({
      ...entry,
      booked: entry.minutes * MINUTE_SECONDS - (tracked.get(entry.id) ?? 0),
      hasSessions: worked.has(entry.id),
    }))
    // The server rounds the minutes of an entry: a smaller difference is no booked time.
    .filter(({ booked }) => Math.abs(booked) > MINUTE_SECONDS / 2);
}

// Returns the seconds of a day: those of its sessions, and the booked ones.
export function secondsOfDay(day, sessions, booked, now) {
  const worked = sessions.reduce((sum, session) => sum + secondsIn(session, day, now), 0);
  const others = booked.filter(({ date }) => date === day.date).reduce((sum, entry) => sum + entry.booked, 0);
  return Math.max(0, worked + others);
}

// Returns whether the sessions of a day are known: `since` is when the recent days begin, and is
// undefined before they were loaded. A week that was loaded before a day ended may lack sessions.
export const isKnown = (day, since, weeks) =>
  since <= day.start ||
  Object.values(weeks).some(({ from, to, loadedAt }) =>
    from <= day.start && day.end <= to && loadedAt >= day.end);

// Returns the timers of earlier weeks, which the recent list does not have: those of `weeks`.
export const earlierTimers = (timers, since, weeks) =>
  timers.filter(({ started, stopped }) =>
    stopped < since && Object.values(weeks).some((week) => touches({ started, stopped }, week)));

// Returns whether a session that is over is in the list of a week.
export const touches = ({ started, stopped }, { from, to }) =>
  typeof stopped === "number" && started < to && stopped >= from;

// Returns times for a new session of a day, {started, stopped}: an hour after the last session, or at
// nine, but not into another session or the future. Both are null if there is no such time. `sessions`
// are those of the day.
export function proposeTimes(day, sessions, now, zone) {
  const begun = sessions.filter(({ started, stopped }) => started >= day.start && stopped !== null);
  const last = Math.max(...begun.map(({ stopped }) => stopped));
  const free = begun.length ? last : parseLocalMinute(`${day.date}T09:00`, zone);
  // A session of the day before may still be in the way.
  const started = Math.max(free, ...sessions.filter((other) => other.started <= free).map(endOf));
  const later = sessions.filter((other) => other.started >= started).map((other) => other.started);
  const limit = Math.min(day.end, now, started + HOUR_SECONDS, ...later);
  const stopped = limit - (limit % MINUTE_SECONDS);
  return stopped - started < MINUTE_SECONDS ? { started: null, stopped: null } : { started, stopped };
}

const endOf = ({ stopped }) => stopped ?? Infinity;

// Returns whether one of the dates is in the closed period. `closedUntil` is its last date, or null.
export const isClosed = (closedUntil, ...dates) =>
  Boolean(closedUntil) && dates.some((date) => date && date <= closedUntil);
