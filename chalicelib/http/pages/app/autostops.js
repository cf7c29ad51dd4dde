// Which automatic stops the page must still ask about, also after a long absence. Pure functions.

import { startOfDay } from "../shared/clock.js";

// The page asks about no earlier automatic stops.
const MAX_DAYS = 31;

// Returns whether the page asks for the real end of a session if a limit stopped it.
export const isAskable = ({ stopped }, now, zone) =>
  stopped === null || stopped >= startOfDay(now, zone, MAX_DAYS);

// Returns since when the page loads sessions: since the days that it shows, or since it was last
// loaded, so that no automatic stop is missed. `refreshedAt` is when that was.
export function beginOfLists(firstDay, refreshedAt, now, zone) {
  if (!refreshedAt || refreshedAt >= firstDay) return firstDay;
  return Math.max(startOfDay(refreshedAt, zone), startOfDay(now, zone, MAX_DAYS));
}

// Returns the timers before `since` that a limit stopped, and whose end the person has not confirmed.
export const unansweredStops = (timers, confirmed, since) =>
  timers.filter(({ id, stopped, isAutoStopped }) =>
    isAutoStopped && stopped !== null && stopped < since && !confirmed.includes(id));
