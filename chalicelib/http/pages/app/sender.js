// Sends the queued actions in order, one at a time, from one tab, and handles the responses.

import { RefusedError, sendRequest, withQuery } from "../shared/api.js";
import { format, now, offset, parse, zoneOf } from "../shared/clock.js";
import {
  applyActions, endOfStart, endedBy, findRunning, isNeedless, knownEntry, mergeEntry, mergeResponse, noteOfStart,
} from "./day.js";
import { TOLERANCE_SECONDS, newAction, toPresentClock, withLimits } from "./queue.js";
import { entryDate, requestOf } from "./requests.js";
import { announceChange, transactAs } from "./store.js";
import { readEntryState, readTimer } from "./timers.js";

// The server stores keys for 24 hours. One hour less is safe.
const KEY_SECONDS = 23 * 60 * 60;

// A sent start can be recorded a little earlier than its timestamp, because the server replaces a
// timestamp in the future with its own time.
const SEARCH_SECONDS = 5;

// Time entries that were booked by hand, which sessions do not continue.
const BY_HAND = 1;

// Sends all actions. `isConnected` is false if the network may be down. Throws RetryableError if the
// rest must wait, and RefusedError if the token is not valid (401). Every other refusal becomes a
// notice.
export async function send(account, isConnected) {
  for (;;) {
    const action = await prepareFirst(account, isConnected);
    if (!action) return;
    try {
      await complete(account, action, await sendOnce(account, action));
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status === 401) throw error;
      if (["delete", "unbook"].includes(action.kind) && error.status === 404) await complete(account, action, null);
      else await refuse(account, action, error, await loadConflict(account, error));
    }
    announceChange();
  }
}

// Returns the first action with its request, which is stored: a retry with the same key must have
// the same bytes, also if a newer version of this page sends it.
async function prepareFirst(account, isConnected) {
  const zone = zoneOf(account);
  const newKey = crypto.randomUUID();
  let found = { isConnected };
  for (;;) {
    const action = await transactAs(account, (store) => prepare(store, zone, found, newKey));
    if (!action || action.request) return action;
    // Ask the server for the time entry of the service and day. Meanwhile, another tab may return from
    // its memory to the storage, and then another action can be the first one.
    const { service, date } = entryDate(action, zone);
    found = { key: action.key, entry: await findEntry(account, service, date) };
  }
}

// Stores the request of the first action, and returns the action. It has no request if the server
// must be asked for its time entry first: if no known timer has it, or if the network may be down,
// because a stored request cannot change, and a start may be over before it can be sent. `found` is
// the answer, {key, entry}, or before it {isConnected}. `newKey` is the key of an action that must be
// sent before.
async function prepare(store, zone, found, newKey) {
  const actions = await store.actions();
  if (!actions.length || actions[0].request) return actions[0];
  const timers = (await store.value("timers")) ?? [];
  const [first, ...later] = await moveToPresentClock(store, actions);
  const action = { ...first };
  if (action.kind === "start") action.ended = endOfStart(action, later);
  const running = findRunning(timers);
  if (action.kind === "start" && action.ended !== null && running?.started <= action.at) {
    // The request of a session that is over does not stop the timer that ran before it.
    const { at, clockOffset } = action;
    const stop = { key: newKey, kind: "stop", timer: running.id, at, clockOffset, isImplied: true };
    return putFirst(store, first, newAction(stop));
  }
  if (action.kind === "note") {
    const entry = timers.find(({ id }) => id === action.timer)?.entry ?? action.session?.entry;
    if (isNeedless(action, entry)) {
      await store.deleteAction(action);
      return prepare(store, zone, found, newKey);
    }
    action.entry = entry?.id;
  }
  const needed = entryDate(action, zone);
  if (needed) {
    if (found.key === action.key) action.entry ??= found.entry;
    else if (found.isConnected && !action.searchEntry) {
      action.entry ??= knownEntry(timers, needed.service, needed.date);
    }
    if (action.entry === undefined) return action;
    if (action.entry === null && action.kind === "edit") {
      const entry = { key: newKey, kind: "entry", ...needed, edit: action.key, isImplied: true };
      return putFirst(store, first, newAction(entry));
    }
    // A new time entry gets its note with its start: if that is deleted, nothing remains.
    const note = noteOfStart(action, later);
    if (action.entry === null && note) action.withNote = { key: note.key, note: note.note };
  }
  return putWithRequest(store, action);
}

// Stores the actions with their timestamps by the present clock, all at once: an end and the start that
// caused it move by the same difference.
async function moveToPresentClock(store, actions) {
  const moved = actions.map(toPresentClock);
  for (const [index, action] of moved.entries()) {
    if (action !== actions[index]) await store.putAction(action);
  }
  return moved;
}

// Queues an action directly before another one.
const putFirst = (store, next, action) => putWithRequest(store, { ...action, order: next.order - 0.5 });

async function putWithRequest(store, action) {
  const withRequest = { ...action, request: requestOf(action), sent: now() };
  await store.putAction(withRequest);
  return withRequest;
}

// Returns the id of the time entry that a session of a service on a date continues, or null.
async function findEntry(account, service, date) {
  const path = withQuery("/time_entries", {
    "filter[person_id]": account.person.id,
    "filter[service_id]": service.id,
    "filter[date]": date,
    sort: "date",
  });
  const { document } = await sendRequest(account, "GET", path);
  return document.data.find((entry) => entry.attributes.track_method_id !== BY_HAND)?.id ?? null;
}

// Sends an action that may have been sent before. Returns the document of the response.
async function sendOnce(account, action) {
  const isOld = now() - action.sent >= KEY_SECONDS;
  const found = isOld ? await findSentSession(account, action) : null;
  if (found) return found;
  try {
    return await sendAction(account, action);
  } catch (error) {
    // While the storage failed, the page has sent it with another body, and then the page was closed.
    if (error.code !== "idempotency_key_reused") throw error;
    const sent = await findSentSession(account, action);
    if (sent) return sent;
    throw error;
  }
}

async function sendAction(account, { request, key, clockOffset = offset() }) {
  const { method, path, body } = request;
  return (await sendRequest(account, method, path, { body, key, clockOffset })).document;
}

// Searches for the timer that the request of a new session created, for example because the server
// has deleted its key. Returns its document, or null. The other kinds can be repeated: a second stop,
// edit or deletion changes nothing.
async function findSentSession(account, { kind, at, started = at, service }) {
  if (!["start", "add"].includes(kind)) return null;
  const path = withQuery("/timers", {
    "filter[person_id]": account.person.id,
    "filter[started_at][gt_eq]": format(started - SEARCH_SECONDS),
    "filter[started_at][lt_eq]": format(started),
    include: "time_entry.service",
  });
  const { document } = await sendRequest(account, "GET", path);
  const serviceOf = (timer) => readTimer(timer, document.included).service;
  const data = document.data.find((timer) => serviceOf(timer).id === service.id);
  return data ? { ...document, data, meta: {} } : null;
}

// Deletes an action that succeeded, and stores what its response says, in the same transaction.
function complete(account, action, document) {
  return transactAs(account, async (store) => {
    await store.putValue("offset", offset());
    await store.deleteAction(action);
    if (action.kind === "entry") await setEntry(store, action, document.data.id);
    else if (["note", "book"].includes(action.kind)) await putEntry(store, readEntryState(document.data));
    else if (action.kind === "unbook") await mapBooked(store, action.entry, () => []);
    else if (action.kind === "delete") await putTimer(store, { id: action.timer, deleted: true });
    else await completeTimer(store, action, document);
  });
}

async function setEntry(store, { edit: key }, entry) {
  const edit = (await store.actions()).find((action) => action.key === key);
  if (edit) await store.putAction({ ...edit, entry });
}

async function completeTimer(store, action, { data, included, meta }) {
  const timer = readTimer(data, included);
  const isNew = ["start", "add"].includes(action.kind);
  const key = isNew ? action.key : (await knownTimer(store, timer.id))?.key;
  await putTimer(store, { ...timer, key }, meta.stopped_timer_ids);
  for (const dependent of await dependentsOf(store, action)) {
    // The request of a session that is over included its stop; that of a new time entry its note.
    const isSent = (dependent.kind === "stop" && typeof action.ended === "number") ||
      dependent.key === action.withNote?.key;
    if (isSent) await store.deleteAction(dependent);
    else {
      const { start: _, after, ...rest } = dependent;
      // The edit that a note follows may not be sent yet.
      const isWaiting = after && after !== action.key;
      await store.putAction({ ...rest, ...(isWaiting && { after }), timer: timer.id });
    }
  }
  if (meta.already_stopped && timer.stopped !== action.at && !action.isImplied) {
    await store.putNotice({ key: action.key, kind: "stopped", timer, at: action.at });
  }
}

const knownTimer = async (store, id) =>
  ((await store.value("timers")) ?? []).find((timer) => timer.id === id);

async function putTimer(store, timer, stoppedIds = []) {
  const timers = (await store.value("timers")) ?? [];
  // A limit can have stopped them before the start.
  const ended = await withLimits(store, endedBy(timers, timer.started, stoppedIds), now());
  await store.putValue("timers", mergeResponse(timers, [...ended, timer], now()));
}

async function putEntry(store, entry) {
  await store.putValue("timers", mergeEntry((await store.value("timers")) ?? [], entry, now()));
  await mapBooked(store, entry.id, (listed) => [{ ...listed, ...entry }]);
}

// Replaces a time entry in the lists of the weeks (history.js).
async function mapBooked(store, id, replace) {
  const weeks = (await store.value("weeks")) ?? {};
  for (const { entries } of Object.values(weeks)) {
    entries.records = entries.records.flatMap((entry) => (entry.id === id ? replace(entry) : [entry]));
  }
  await store.putValue("weeks", weeks);
}

// Returns the queued actions on a session whose own request has no response yet, and the note that
// was saved with an edit.
const dependentsOf = async (store, { key }) =>
  (await store.actions()).filter((action) => action.start === key || action.after === key);

// Returns the session that a new one would overlap, {service, started, stopped}, or null.
async function loadConflict(account, { meta }) {
  if (!meta?.conflicting_timer_id) return null;
  try {
    const path = withQuery(`/timers/${meta.conflicting_timer_id}`, { include: "time_entry.service" });
    const { document } = await sendRequest(account, "GET", path);
    return readTimer(document.data, document.included);
  } catch (error) {
    if (error instanceof RefusedError) return null;
    throw error;
  }
}

// Deletes a refused action, with the actions that depend on it, and adds a notice with everything
// that they say. Some refusals are not shown: the action is sent again, once, with a new key.
function refuse(account, sentAction, error, conflict) {
  const newKey = crypto.randomUUID();
  return transactAs(account, async (store) => {
    const queued = await store.queued(sentAction);
    // The transaction was written before and is only repeated, or another tab has handled the response.
    if (!queued) return undefined;
    const action = toPresentClock(queued);
    const refused = action.kind === "entry" ? await editOf(store, action) : action;
    const dependents = (await dependentsOf(store, refused)).map(toPresentClock);
    const earliest = earliestStart(action, error, conflict);
    const isClosed = error.code === "period_closed";
    const isGone = !isClosed && error.pointer?.endsWith("time_entry") && action.entry && !action.searchEntry;
    if (isGone) return requeue(store, action, dependents, { key: newKey, searchEntry: true });
    if (action.kind === "start" && isClockDifference(action, earliest)) {
      return requeue(store, action, dependents, { key: newKey, at: earliest, moved: true });
    }
    for (const other of [action, refused, ...dependents]) await store.deleteAction(other);
    const session = await describeSession(store, refused, dependents);
    // Without a session, the person had deleted it before it was sent.
    if (!session || refused.isImplied) return undefined;
    const { message: words, pointer, code } = error;
    const reason = error.meta?.reason ?? error.meta?.closed_until;
    const { key, kind: refusedKind } = refused;
    return store.putNotice({
      key, kind: "refused", refusedKind, session, words, pointer, code, reason, conflict, earliest,
      action: refused, dependents,
    });
  });
}

const editOf = async (store, { edit: key, ...action }) =>
  (await store.actions()).find((other) => other.key === key) ?? action;

// Returns when a refused new session can start at the earliest, if only its start is in the way.
function earliestStart({ at, started = at, stopped, ended = stopped }, { meta }, conflict) {
  if (meta?.earliest_started_at) return parse(meta.earliest_started_at);
  const isAtStart = conflict && conflict.started <= started && conflict.stopped > started;
  return isAtStart && conflict.stopped < ended ? conflict.stopped : null;
}

const isClockDifference = ({ at, moved }, earliest) =>
  earliest > at && earliest - at <= TOLERANCE_SECONDS && !moved;

// Queues an action again at its place, with a new key because its request changes.
async function requeue(store, { request, sent, entry, ended, withNote, ...action }, dependents, changes) {
  const requeued = { ...action, ...changes };
  await store.putAction(requeued);
  for (const dependent of dependents) {
    const names = ["start", "after"].filter((name) => dependent[name] === action.key);
    await store.putAction({ ...dependent, ...Object.fromEntries(names.map((name) => [name, requeued.key])) });
  }
}

// Returns the session that refused actions describe: {id, service, started, stopped}. `id` is null if
// they were to create it. Returns undefined if they delete it.
async function describeSession(store, action, dependents) {
  if (["start", "add"].includes(action.kind)) {
    const [session] = applyActions([], [action, ...dependents]);
    return session && { ...session, id: null };
  }
  if (["book", "unbook"].includes(action.kind)) {
    const { service, date, minutes, note } = { ...action, ...action.changes };
    return { id: null, service, date, minutes, note };
  }
  const session = action.session ?? (await knownTimer(store, action.timer));
  if (action.kind === "stop") return { ...session, id: action.timer, stopped: action.at };
  const note = action.note ?? dependents.find(({ kind }) => kind === "note")?.note;
  return { ...session, ...action.changes, id: action.timer, ...(note !== undefined && { note }) };
}
