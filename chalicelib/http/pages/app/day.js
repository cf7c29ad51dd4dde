// Computes a person's sessions from the server's timers and the queued actions. Pure functions: no
// network, no clock.
//
// A session is {id, key, service, entry, note, started, stopped, isAutoStopped, isNew, isEdited,
// endedByStart, waiting}. `id` is the timer's id, or `key` for a new session whose request has no
// response yet. `entry` is the time entry, {id, date, note, minutes, method, updated}, if it is known;
// `note` is a note that waits. `isEdited` is whether an edit waits, `endedByStart` whether a start that
// waits ends the session, `waiting` whether any change waits. An action is {key, kind, ...}: see queue.js.

// Returns the sessions as they will be after all actions are sent.
export function applyActions(timers, actions) {
  const sessions = timers.filter((timer) => !timer.deleted).map((timer) => ({ ...timer, waiting: false }));
  return actions
    .reduce((previous, action) => APPLY[action.kind]?.(previous, action) ?? previous, sessions)
    .sort((one, other) => one.started - other.started);
}

const APPLY = {
  start: (sessions, { key, service, at, ended }) => [
    ...sessions.map((session) =>
      session.stopped === null ? { ...endSession(session, at), endedByStart: true } : session),
    newSession(key, service, at, ended ?? null),
  ],
  stop: (sessions, stop) =>
    replaceTarget(sessions, stop, (session) =>
      session.stopped === null ? endSession(session, stop.at) : session),
  add: (sessions, { key, service, started, stopped }) =>
    [...sessions, newSession(key, service, started, stopped)],
  edit: (sessions, edit) =>
    replaceTarget(sessions, edit, (session) => {
      // Another service has another time entry, and another note.
      const entry = edit.changes.service ? null : session.entry;
      return { ...session, ...edit.changes, entry, isAutoStopped: false, isEdited: true, waiting: true };
    }),
  note: (sessions, action) => {
    const target = sessions.find(({ id }) => id === targetOf(action));
    if (!target || isNeedless(action, target.entry, target.note)) return sessions;
    const hasNote = ({ id, entry }) => id === target.id || (entry && entry.id === target.entry?.id);
    return sessions.map((session) => ({
      ...session,
      ...(hasNote(session) && { note: action.note }),
      ...(session.id === target.id && { waiting: true }),
    }));
  },
  delete: (sessions, deletion) => sessions.filter((session) => session.id !== targetOf(deletion)),
};

const newSession = (key, service, started, stopped) =>
  ({ id: key, key, service, entry: null, started, stopped, isNew: true, waiting: true });

const endSession = (session, at) => ({ ...session, stopped: Math.max(session.started, at), waiting: true });

// An action names the id of its timer, or the key of the action that creates it.
const targetOf = (action) => action.timer ?? action.start;

const replaceTarget = (sessions, action, replace) =>
  sessions.map((session) => (session.id === targetOf(action) ? replace(session) : session));

// Returns whether an action is a note that must not replace another one.
export const isNeedless = ({ kind, onlyIfEmpty }, entry, note = entry?.note) =>
  kind === "note" && Boolean(onlyIfEmpty && note);

export const findRunning = (sessions) => sessions.find((session) => session.stopped === null);

// Returns the session with an id, or with the key that it had before it got its id.
export const findSession = (sessions, idOrKey) =>
  sessions.find((session) => session.id === idOrKey || (session.key && session.key === idOrKey));

// Returns when a queued start will be over, or null: at its stop, or at the next start.
export function endOfStart(start, laterActions) {
  const taps = [start, ...laterActions].filter(({ kind }) => kind === "start" || kind === "stop");
  return findSession(applyActions([], taps), start.key).stopped;
}

// Returns the queued note of a start, or undefined. One after an edit may belong to the time entry of
// another service or day.
export function noteOfStart({ key }, laterActions) {
  const next = laterActions.find(({ kind, start }) => start === key && ["note", "edit"].includes(kind));
  return next?.kind === "note" ? next : undefined;
}

// Returns the last start or end of the sessions. A new session cannot start before it.
export const lastTimestamp = (sessions) =>
  Math.max(0, ...sessions.map((session) => session.stopped ?? session.started));

// Returns the id of the time entry of a service on a date, from the latest of the known timers; or
// undefined. A session on the same service and day continues it.
export const knownEntry = (timers, service, date) =>
  timers.filter((timer) => !timer.deleted && timer.service.id === service.id && timer.entry?.date === date)
    .sort((one, other) => other.started - one.started)[0]?.entry.id;

// Returns a duration in seconds. Sums use exact seconds; only the displayed value is rounded.
export const secondsOf = (session, now) => Math.max(0, (session.stopped ?? now) - session.started);

// A list can be older than the response to an action. So for some seconds, the timers of the
// response replace those of the list.
const RESPONSE_SECONDS = 10;

// Returns the timers that a start has stopped, with its time as their end.
export const endedBy = (timers, started, stoppedIds) =>
  timers
    .filter(({ id, stopped }) => stoppedIds.includes(id) && stopped === null)
    .map((timer) => ({ ...timer, stopped: Math.max(timer.started, started), endedByStart: true }));

// Returns the timers after a response, which changed some. A deleted timer is {id, deleted: true}.
export const mergeResponse = (timers, changed, now) =>
  mergeById(timers, changed.map(({ endedByStart, ...timer }) => ({ ...timer, receivedAt: now })));

// Returns the timers after a change of a time entry: all its sessions have its new note.
export const mergeEntry = (timers, entry, now) =>
  timers.map((timer) => (timer.entry?.id === entry.id ? { ...timer, entry, receivedAt: now } : timer));

// Returns the timers of the lists, except those that a recent response has changed.
export function mergeLists(stored, listed, now) {
  const keys = new Map(stored.map((timer) => [timer.id, timer.key]));
  const withKeys = listed.map((timer) => ({ ...timer, key: keys.get(timer.id) }));
  return mergeById(withKeys, recentResponses(stored, listed, now));
}

// Returns whether a recent response differs from the lists. One of them is older, so they must be
// loaded again later.
export const isUnsettled = (stored, listed, now) =>
  recentResponses(stored, listed, now).some(({ key, receivedAt, ...timer }) => {
    const other = listed.find(({ id }) => id === timer.id);
    return timer.deleted ? Boolean(other) : JSON.stringify(other) !== JSON.stringify(timer);
  });

// A timer that ran in a response and has an end in a list was stopped since, by another device.
function recentResponses(stored, listed, now) {
  const ended = new Set(listed.filter(({ stopped }) => stopped !== null).map(({ id }) => id));
  return stored.filter(({ id, stopped, receivedAt }) =>
    receivedAt > now - RESPONSE_SECONDS && !(stopped === null && ended.has(id)));
}

// Timers of the second list replace those of the first with the same id.
function mergeById(timers, replacements) {
  return [...new Map([...timers, ...replacements].map((timer) => [timer.id, timer])).values()];
}
