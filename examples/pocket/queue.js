// The offline queue. Each tap becomes an action, which is stored before it is sent. One tab sends
// the actions in order, one at a time, and deletes each after its response.
// docs/decisions/0017-pocket.md gives the reasons.
//
// An action is {order, key, kind, at, ...}: `key` is its Idempotency-Key, `at` the timestamp of the
// tap by the server's clock. A start has a `service`. A stop has the id of its `timer`, or the key
// of its `start` if that was not sent yet. After it is first sent, an action also has the `request`
// and the timestamp `sent`.

import { RefusedError, readTimer, sendRequest, withQuery } from "./api.js";
import { format, now, offset, parse } from "./clock.js";
import { applyActions, findRunning, lastTimestamp, mergeResponse } from "./day.js";
import { announceChange, transact, transactAs } from "./store.js";

// The largest difference between two clocks, in seconds. The server has the same tolerance.
const TOLERANCE_SECONDS = 2 * 60;

// The server stores keys for 24 hours. One hour less is safe.
const KEY_SECONDS = 23 * 60 * 60;

// A sent start can be recorded a little earlier than its `at`, because the server replaces a
// timestamp in the future with its own time.
const SEARCH_SECONDS = 5;

// Queues a start on a service, or a stop of the running timer. A second tap changes nothing.
export async function tap(kind, service) {
  const tapped = now();
  await transact(async (store) => {
    const [timers, actions] = [(await store.value("timers")) ?? [], await store.actions()];
    const sessions = applyActions(timers, actions);
    const running = findRunning(sessions);
    if (kind === "start" ? running?.service.id === service.id : !running) return;
    const action = { key: crypto.randomUUID(), kind, at: notBefore(lastTimestamp(sessions), tapped) };
    if (kind === "start") action.service = service;
    else if (running.waiting) action.start = running.id;
    else action.timer = running.id;
    await store.putAction(action);
  });
  announceChange();
}

// Clocks differ a little. So a tap that seems to be shortly before the last session's end counts
// as at that end.
const notBefore = (last, tapped) => (last - tapped <= TOLERANCE_SECONDS ? Math.max(last, tapped) : tapped);

// Sends all actions. Throws RetryableError if the rest must wait, and RefusedError if the token is
// not valid (401). Every other refusal becomes a notice.
export async function send(account) {
  for (;;) {
    const action = await firstWithRequest(account);
    if (!action) return;
    try {
      const document = (await findSentStart(account, action)) ?? (await sendAction(account, action));
      await complete(account, action, document);
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status === 401) throw error;
      await refuse(account, action, error);
    }
    announceChange();
  }
}

// Returns the first action, and stores its request. A retry with the same key must have the same
// bytes, also if a newer version of this page sends it.
function firstWithRequest(account) {
  return transactAs(account, async (store) => {
    const [action] = await store.actions();
    if (!action || action.request) return action;
    const withRequest = { ...action, request: requestOf(action), sent: now() };
    await store.putAction(withRequest);
    return withRequest;
  });
}

// The request always has a timestamp, because it may arrive late, or only when it is retried.
// Without a timestamp, the time of arrival would become the time of the session.
function requestOf({ kind, at, service, timer }) {
  const attributes =
    kind === "start" ? { service_id: service.id, started_at: format(at) } : { stopped_at: format(at) };
  return {
    method: kind === "start" ? "POST" : "PATCH",
    path: `/timers${kind === "start" ? "" : `/${timer}/stop`}?include=time_entry.service`,
    body: JSON.stringify({ data: { type: "timers", attributes } }),
  };
}

async function sendAction(account, action) {
  const { method, path, body } = action.request;
  return (await sendRequest(account, method, path, { body, key: action.key })).document;
}

// If the server may have deleted the key of a start, searches for the timer that the start created.
// Returns its document, or null. A stop needs no search: a second stop changes nothing.
async function findSentStart(account, { kind, sent, at, service }) {
  if (kind !== "start" || now() - sent < KEY_SECONDS) return null;
  const path = withQuery("/timers", {
    "filter[person_id]": account.person.id,
    "filter[started_at][gt_eq]": format(at - SEARCH_SECONDS),
    "filter[started_at][lt_eq]": format(at),
    include: "time_entry.service",
  });
  const { document } = await sendRequest(account, "GET", path);
  const serviceOf = (timer) => readTimer(timer, document.included).service;
  const data = document.data.find((timer) => serviceOf(timer).id === service.id);
  return data ? { ...document, data, meta: {} } : null;
}

// Deletes an action that succeeded, and stores the timers of the response in the same transaction.
function complete(account, action, { data, included, meta }) {
  const timer = readTimer(data, included);
  return transactAs(account, async (store) => {
    const timers = (await store.value("timers")) ?? [];
    await store.putValue("timers", mergeResponse(timers, timer, meta.stopped_timer_ids ?? [], now()));
    await store.putValue("offset", offset());
    await store.deleteAction(action);
    for (const stop of await stopsOf(store, action)) {
      const { start: _, ...rest } = stop;
      await store.putAction({ ...rest, timer: timer.id });
    }
    if (meta.already_stopped && timer.stopped !== action.at) {
      await store.putNotice({ key: action.key, kind: "stopped", timer });
    }
  });
}

// Returns the queued stop of a start, in a list; the list is empty if there is none.
const stopsOf = async (store, start) =>
  (await store.actions()).filter((action) => action.start === start.key);

// Deletes a refused action, with the stop that depends on it, and adds a notice.
function refuse(account, action, error) {
  return transactAs(account, async (store) => {
    const stops = await stopsOf(store, action);
    const earliest = error.meta?.earliest_started_at ? parse(error.meta.earliest_started_at) : null;
    if (earliest > action.at && earliest - action.at <= TOLERANCE_SECONDS && !action.moved) {
      // Such a small overlap is a clock difference: move the start, once.
      await requeue(store, { ...action, at: earliest, moved: true }, stops);
      return;
    }
    for (const refused of [action, ...stops]) await store.deleteAction(refused);
    const { message: words, pointer } = error;
    const notice = { key: action.key, kind: "refused", act: action, stops, words, pointer, earliest };
    await store.putNotice(notice);
  });
}

// Queues a start again, with a new key because its request changes. An action that still has an
// `order` stays at its place.
async function requeue(store, { request: _, sent: __, ...start }, stops) {
  const requeued = { ...start, key: crypto.randomUUID() };
  await store.putAction(requeued);
  for (const stop of stops) await store.putAction({ ...stop, start: requeued.key });
}

// Returns whether a refused start can move to the earliest possible time, which the server returned.
export function canMove({ kind, stops, earliest }, sessions) {
  if (kind !== "refused" || !earliest || lastTimestamp(sessions) > earliest) return false;
  return stops.every((stop) => stop.at > earliest);
}

// Queues a refused start again, at the earliest possible time.
export async function move({ key, act: start, stops, earliest }) {
  await transact(async (store) => {
    // Two tabs can show the same notice. Only the first tap counts.
    if (!(await store.notices()).some((notice) => notice.key === key)) return;
    await store.deleteNotice(key);
    const [newStart, ...newStops] = [start, ...stops].map(({ order: _, ...rest }) => rest);
    await requeue(store, { ...newStart, at: earliest }, newStops);
  });
  announceChange();
}

export async function dismiss(key) {
  await transact((store) => store.deleteNotice(key));
  announceChange();
}
