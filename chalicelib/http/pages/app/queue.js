// The offline queue. Each tap becomes an action, which is stored before it is sent (sender.js).
// docs/decisions/0017-pocket.md gives the reasons.
//
// An action is {order, key, kind, clockOffset, ...}: `key` is its Idempotency-Key, `clockOffset` was
// added to the phone's clock for its timestamps. The kinds:
//   start   {service, at}: a start, `at` the timestamp of the tap
//   stop    {timer, at}
//   add     {service, started, stopped}: a session that is over
//   edit    {timer, session, changes}: `session` as it was, `changes` of {service, started, stopped}
//   delete  {timer, session}
//   note    {timer, session, note}: the note of the session's time entry. With `onlyIfEmpty`, it
//           replaces no other note. `after` is the key of the edit that was saved with it
//   book    {entry, service, date, changes}: `changes` of a time entry, of {minutes, note}
//   unbook  {entry, service, date, minutes, note}: deletes a time entry without sessions
//   entry   {service, date, edit}: creates the time entry that an edit needs
// `queued` is when the action was queued. Actions with `isImplied` are no taps: sender.js adds them.
// Those with `isPart` belong to the tap before them.
// If the timer's own request has no response yet, `start`, its key, replaces `timer`. After it is
// first sent, an action also has the `request`, the timestamp `sent`, the id of the time `entry` that
// the request names, for a start that is over its end, `ended`, and `withNote`, {key, note}, if the
// request has the note of another action.

import { now, offset } from "../shared/clock.js";
import { applyActions, findRunning, findSession, lastTimestamp } from "./day.js";
import { endAtLimits } from "./limits.js";
import { ownerOf } from "./merge.js";
import { announceChange, knownOwner, transact } from "./store.js";

// The largest difference between two clocks, in seconds, that is corrected without asking.
export const TOLERANCE_SECONDS = 2 * 60;

// Queues a start on a service, or a stop of the running timer. A second tap changes nothing. The
// `note` of a session that is continued does not replace the note of today's time entry.
export async function tap(kind, service, note = "") {
  const tapped = now();
  await change(async (store, key, partKey) => {
    const sessions = await withLimits(store, await loadSessions(store), tapped);
    const running = findRunning(sessions);
    if (kind === "start" ? running?.service.id === service.id : !running) return;
    const at = notBefore(lastTimestamp(sessions), tapped);
    const target = kind === "start" ? { service } : reference(running);
    await store.addAction(newAction({ key, kind, at, ...target }));
    if (kind !== "start" || !note) return;
    await store.addAction(noteAction(partKey, { start: key, onlyIfEmpty: true }, note));
  });
}

// Clocks differ a little. So a tap that seems to be shortly before the last session's end counts
// as at that end.
const notBefore = (last, tapped) => (last - tapped <= TOLERANCE_SECONDS ? Math.max(last, tapped) : tapped);

// Queues what a form says about a session: {service, started, stopped, note}, `stopped` null if it
// runs, `note` undefined if it is not changed.
// `id` is the session's id or key; with null, and if the session was deleted meanwhile, the form
// adds a session. `noticeKey` is the key of the notice that the form answers, if there is one.
export function save(id, values, noticeKey) {
  return change(async (store, key, partKey) => {
    if (noticeKey) await store.deleteNotice(noticeKey);
    const session = id === null ? undefined : findSession(await loadSessions(store), id);
    const [shown] = session ? await withLimits(store, [session], now()) : [];
    const action = session ? editAction(key, session, shown, values) : addAction(key, values);
    if (action) await store.addAction(action);
    if (values.note === undefined) return;
    // The note of a session that the form changes, too, follows the change: the two are one tap.
    const target = session
      ? { ...reference(session), session: summaryOf(session), ...(action && { after: key }) }
      : { start: key };
    await store.addAction({ ...noteAction(partKey, target, values.note), isPart: Boolean(action) });
  });
}

const noteAction = (key, target, note) => newAction({ key, kind: "note", ...target, note, isPart: true });

// Returns the action of a session that is not recorded yet.
export const addAction = (key, { service, started, stopped }) =>
  newAction(stopped === null
    ? { key, kind: "start", service, at: started }
    : { key, kind: "add", service, started, stopped });

// Returns null if the values change nothing. An end at a limit, which the page shows before the server
// records it, is none that the person entered: `shown` is the session with it.
function editAction(key, session, shown, { service, started, stopped }) {
  const changes = {};
  if (service.id !== session.service.id) changes.service = service;
  if (started !== session.started) changes.started = started;
  if (![session.stopped, shown.stopped].includes(stopped)) changes.stopped = stopped;
  if (Object.keys(changes).length === 0) return null;
  return newAction({ key, kind: "edit", ...reference(session), session: summaryOf(session), changes });
}

// Queues the deletion of a session.
export function remove(id, noticeKey) {
  return change(async (store, key) => {
    if (noticeKey) await store.deleteNotice(noticeKey);
    const session = findSession(await loadSessions(store), id);
    if (!session) return;
    await store.addAction(
      newAction({ key, kind: "delete", ...reference(session), session: summaryOf(session) }),
    );
  });
}

// Queues a change of a time entry with time that was booked by hand.
export const book = (entry, changes) =>
  change((store, key) => store.addAction(newAction({ key, kind: "book", ...bookedOf(entry), changes })));

// Queues its deletion.
export const unbook = (entry) =>
  change((store, key) => store.addAction(newAction({ key, kind: "unbook", ...bookedOf(entry) })));

const bookedOf = ({ id, service, date, minutes, note }) => ({ entry: id, service, date, minutes, note });

export const newAction = (fields) =>
  ({ key: crypto.randomUUID(), clockOffset: offset(), queued: now(), ...fields });

const reference = (session) => (session.isNew ? { start: session.id } : { timer: session.id });

const summaryOf = ({ service, entry, started, stopped }) => ({ service, entry, started, stopped });

const loadSessions = async (store) =>
  applyActions((await store.value("timers")) ?? [], (await store.actions()).map(toPresentClock));

// Returns sessions with the ends that their limits give them.
export const withLimits = async (store, sessions, at) =>
  endAtLimits(sessions, await store.value("account"), await store.value("refreshedAt"), at);

const TIMES = ["at", "started", "stopped", "ended", "queued"];

// Smaller differences are within the measurement error. The server has the same limit.
const MIN_DIFFERENCE_SECONDS = 2;

// Returns an action with its timestamps by the present estimate of the server's clock, which may be
// better than the one at the tap.
export function toPresentClock(action) {
  const { clockOffset = offset(), changes } = action;
  const difference = Math.round((offset() - clockOffset) / 1000);
  if (Math.abs(difference) < MIN_DIFFERENCE_SECONDS) return action;
  const moveTime = ([name, value]) => [name, TIMES.includes(name) && value ? value + difference : value];
  const moveTimes = (record) => Object.fromEntries(Object.entries(record).map(moveTime));
  return { ...moveTimes(action), changes: changes && moveTimes(changes), clockOffset: offset() };
}

// Changes the stored data of the person whom the page shows. The keys for `work` are the same if the
// transaction is repeated: one for a new action, and one for a part of it.
export async function change(work) {
  const [key, partKey, owner] = [crypto.randomUUID(), crypto.randomUUID(), knownOwner()];
  await transact(async (store) => {
    // In another tab, the person may have logged out, and another one in, who must not send the action.
    const account = await store.value("account");
    if (account && ownerOf(account) === owner) await work(store, key, partKey);
  });
  announceChange();
}
