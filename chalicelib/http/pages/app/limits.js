// When a running timer stops by itself. Pure functions. The server fixes the limits of a timer at its
// start; the page computes them from the present settings, and believes the server if it knows better.

import { dateOf, localMinute, parseLocalMinute, startOfDay, zoneOf } from "../shared/clock.js";

const DAY_SECONDS = 24 * 60 * 60;
const HOUR_SECONDS = 60 * 60;

// The page warns so long before the stop.
const WARNING_SECONDS = 15 * 60;

// The server stops timers every five minutes. If it says after this time that a timer still runs,
// then the limit was another one when the timer started.
const DELAY_SECONDS = 10 * 60;

// Returns the timestamp at which a session that started then stops by itself, or null if the page
// does not know the settings: {organization: {autoStopAfter, autoStopAtTime}, person: {autoStopAtTime}}.
export function limitOf(started, { organization, person, ...account }) {
  const after = organization.autoStopAfter;
  if (!after) return null;
  const timeOfDay = person.autoStopAtTime ?? organization.autoStopAtTime;
  if (!timeOfDay) return started + after;
  return Math.min(started + after, nextTime(started, timeOfDay, zoneOf({ organization, person, ...account })));
}

// Returns the first timestamp after another one at which clocks in a zone show a time such as 19:00.
function nextTime(after, timeOfDay, zone) {
  const times = [-1, 0, 1, 2].flatMap((days) => {
    const noon = startOfDay(after, zone) + days * DAY_SECONDS + DAY_SECONDS / 2;
    const date = dateOf(noon, zone);
    const text = `${date}T${timeOfDay}`;
    const first = parseLocalMinute(text, zone);
    // When clocks go back, a time comes twice, and both count.
    return localMinute(first + HOUR_SECONDS, zone) === text ? [first, first + HOUR_SECONDS] : [first];
  });
  return Math.min(...times.filter((time) => time > after));
}

// Returns the limit of a running session, or null. `refreshedAt` is when the page loaded the state.
export function limitOfRunning(session, account, refreshedAt) {
  return session?.stopped === null ? presentLimit(session, account, refreshedAt) : null;
}

function presentLimit(session, account, refreshedAt = 0) {
  // The server computes the limit again after an edit.
  if (session.isEdited && !session.isNew) return null;
  const limit = limitOf(session.started, account);
  return limit !== null && refreshedAt > limit + DELAY_SECONDS ? null : limit;
}

// Returns the sessions with the ends that the limits give them, also before the server stops them, and
// if a later start waits that would end them. A session that is not sent yet still runs: the server does
// not know it.
export const endAtLimits = (sessions, account, refreshedAt, now) =>
  sessions.map((session) => {
    const { isNew, stopped, endedByStart } = session;
    if (isNew || !(stopped === null || endedByStart)) return session;
    const limit = presentLimit(session, account, refreshedAt);
    const isReached = limit !== null && (stopped === null ? limit <= now : limit < stopped);
    return isReached ? { ...session, stopped: limit, isAutoStopped: true } : session;
  });

// Returns whether the page should warn of a limit.
export const isSoon = (limit, now) => limit - now <= WARNING_SECONDS;
