// The requests of the actions (queue.js). Pure functions.

import { dateOf, format } from "../shared/clock.js";

const INCLUDE = "?include=time_entry.service";

// Returns the service and the date of the time entry that an action needs, or null if it needs none:
// a new session, and an edit that changes the service or the date.
export function entryDate({ kind, at, service, started, session, changes }, zone) {
  if (kind === "start") return { service, date: dateOf(at, zone) };
  if (kind === "add") return { service, date: dateOf(started, zone) };
  if (kind !== "edit") return null;
  const date = dateOf(changes.started ?? session.started, zone);
  if (!changes.service && date === dateOf(session.started, zone)) return null;
  return { service: changes.service ?? session.service, date };
}

// Returns {method, path, body}. A request always has timestamps, because it may arrive late, or only
// when it is retried. Without one, the time of arrival would become the time of the session.
export function requestOf(action) {
  const { method = "PATCH", path, type = "timers", attributes } = BUILD[action.kind](action);
  return { method, path, body: attributes && JSON.stringify({ data: { type, attributes } }) };
}

const BUILD = {
  start: ({ at, ended, ...action }) => postTimer(action, at, ended),
  add: ({ started, stopped, ...action }) => postTimer(action, started, stopped),
  stop: ({ timer, at }) => ({
    path: `/timers/${timer}/stop${INCLUDE}`,
    attributes: { stopped_at: format(at) },
  }),
  edit: ({ timer, changes, entry }) => ({
    path: `/timers/${timer}${INCLUDE}`,
    attributes: {
      ...(entry && { time_entry_id: entry }),
      ...("started" in changes && { started_at: format(changes.started) }),
      ...("stopped" in changes && { stopped_at: changes.stopped === null ? null : format(changes.stopped) }),
    },
  }),
  delete: ({ timer }) => ({ method: "DELETE", path: `/timers/${timer}` }),
  note: ({ entry, note }) => ({
    path: `/time_entries/${entry}`,
    type: "time_entries",
    // Only the note: a time that this phone knows may be old.
    attributes: { note: note || null },
  }),
  book: ({ entry, changes: { minutes, note } }) => ({
    path: `/time_entries/${entry}`,
    type: "time_entries",
    attributes: {
      ...(minutes !== undefined && { time: minutes }),
      ...(note !== undefined && { note: note || null }),
    },
  }),
  unbook: ({ entry }) => ({ method: "DELETE", path: `/time_entries/${entry}` }),
  entry: ({ service, date }) => ({
    method: "POST",
    path: "/time_entries",
    type: "time_entries",
    attributes: { service_id: service.id, date, time: 0 },
  }),
};

const postTimer = ({ service, entry, withNote }, started, stopped) => ({
  method: "POST",
  path: `/timers${INCLUDE}`,
  attributes: {
    ...(entry ? { time_entry_id: entry } : { service_id: service.id }),
    started_at: format(started),
    ...(stopped !== null && { stopped_at: format(stopped) }),
    ...(withNote?.note && { note: withNote.note }),
  },
});
