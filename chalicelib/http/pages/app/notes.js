// Finds the notes of sessions: a note belongs to the time entry of a service on a day, so all its
// sessions share it. Pure functions.

import { dateOf } from "../shared/clock.js";

// Returns two functions: noteOf(session), and noteFor(service, date). `entries` are the known time
// entries by id: see newestEntries in week.js.
export function noteFinder(sessions, entries, zone) {
  const entryDate = ({ entry, started }) => entry?.date ?? dateOf(started, zone);
  const knownNote = ({ note, entry }) => note ?? entries.get(entry?.id)?.note;
  const noteFor = (service, date) =>
    sessions
      .filter((session) => session.service.id === service.id && entryDate(session) === date)
      .map(knownNote)
      .filter((note) => note !== undefined)
      .at(-1) ?? "";
  // A session without a response yet will join the entry of the others.
  const noteOf = (session) => knownNote(session) ?? noteFor(session.service, entryDate(session));
  return { noteOf, noteFor };
}
