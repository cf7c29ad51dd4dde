// The queue: each tap becomes an act, kept before it is sent, and sent in order, one at a time, by
// one tab, until the server has answered. Why it is as it is: docs/decisions/0017-pocket.md.
//
// An act is {order, key, kind, at, ...}: `key` is its Idempotency-Key, `at` the instant of the tap
// on the server's clock. A start has a `service`; a stop the id of its `timer`, or the key of the
// `start` that is still to make it. Once sent it has the `request` as it was sent, and `sent`.

import { Refused, call, query, readTimer } from "./api.js";
import { format, now, offset, parse } from "./clock.js";
import { answered, lastInstant, project, runningOf } from "./day.js";
import { tellChange, transact, transactAs } from "./store.js";

// Seconds by which two clocks may differ: the server's own tolerance.
const TOLERANCE = 2 * 60;

// Seconds for which the server surely knows a key; it keeps them for 24 hours.
const KEY_SECONDS = 23 * 60 * 60;

// A start that was sent may have begun a little earlier: where it came from ahead of time.
const LOOK_BACK_SECONDS = 5;

// Starts on a service, or stops what runs. A second tap on the same thing finds it done.
export async function tap(kind, service) {
  const tapped = now();
  await transact(async (kept) => {
    const [timers, acts] = [(await kept.fact("timers")) ?? [], await kept.acts()];
    const sessions = project(timers, acts);
    const running = runningOf(sessions);
    if (kind === "start" ? running?.service.id === service.id : !running) return;
    const act = { key: crypto.randomUUID(), kind, at: notBefore(lastInstant(sessions), tapped) };
    if (kind === "start") act.service = service;
    else if (running.waiting) act.start = running.id;
    else act.timer = running.id;
    await kept.putAct(act);
  });
  tellChange();
}

// Clocks differ by moments: what is tapped now does not lie before what is known.
const notBefore = (last, tapped) => (last - tapped <= TOLERANCE ? Math.max(last, tapped) : tapped);

// Sends what waits. Throws Away where it must wait on, and Refused where nobody is logged in any
// more; what else is refused becomes a notice.
export async function send(account) {
  for (;;) {
    const act = await fixedFirst(account);
    if (!act) return;
    try {
      await settle(account, act, (await lookFirst(account, act)) ?? (await ask(account, act)));
    } catch (error) {
      if (!(error instanceof Refused) || error.status === 401) throw error;
      await refuse(account, act, error);
    }
    tellChange();
  }
}

// The first act, its request fixed: what is sent again under a key must be the same to the byte,
// also by a newer version of this page.
function fixedFirst(account) {
  return transactAs(account, async (kept) => {
    const [act] = await kept.acts();
    if (!act || act.request) return act;
    const fixed = { ...act, request: requestOf(act), sent: now() };
    await kept.putAct(fixed);
    return fixed;
  });
}

// The instant is always told: an answer may get lost, and the request may arrive only when it is
// sent again. Without it, that would be the time of the session.
function requestOf({ kind, at, service, timer }) {
  const attributes =
    kind === "start" ? { service_id: service.id, started_at: format(at) } : { stopped_at: format(at) };
  return {
    method: kind === "start" ? "POST" : "PATCH",
    path: `/timers${kind === "start" ? "" : `/${timer}/stop`}?include=time_entry.service`,
    body: JSON.stringify({ data: { type: "timers", attributes } }),
  };
}

async function ask(account, act) {
  const { method, path, body } = act.request;
  return (await call(account, method, path, { body, key: act.key })).document;
}

// The answer to a start whose key the server may have forgotten, if it did arrive then; a stop
// that is sent twice changes nothing anyway.
async function lookFirst(account, { kind, sent, at, service }) {
  if (kind !== "start" || now() - sent < KEY_SECONDS) return null;
  const path = query("/timers", {
    "filter[person_id]": account.person.id,
    "filter[started_at][gt_eq]": format(at - LOOK_BACK_SECONDS),
    "filter[started_at][lt_eq]": format(at),
    include: "time_entry.service",
  });
  const { document } = await call(account, "GET", path);
  const data = document.data.find((it) => readTimer(it, document.included).service.id === service.id);
  return data ? { ...document, data, meta: {} } : null;
}

// It is done: what the answer tells is kept in the transaction in which the act leaves the queue.
function settle(account, act, { data, included, meta }) {
  const timer = readTimer(data, included);
  return transactAs(account, async (kept) => {
    const timers = (await kept.fact("timers")) ?? [];
    await kept.keep("timers", answered(timers, timer, meta.stopped_timer_ids ?? [], now()));
    await kept.keep("offset", offset());
    await kept.dropAct(act);
    for (const stop of await dependents(kept, act)) {
      const { start: _, ...rest } = stop;
      await kept.putAct({ ...rest, timer: timer.id });
    }
    if (meta.already_stopped && timer.stopped !== act.at) {
      await kept.putNotice({ key: act.key, kind: "stopped", timer });
    }
  });
}

const dependents = async (kept, act) => (await kept.acts()).filter((it) => it.start === act.key);

// It will never be done: it leaves the queue, with the stop that needs it, and is shown.
function refuse(account, act, error) {
  return transactAs(account, async (kept) => {
    const stops = await dependents(kept, act);
    const earliest = error.meta?.earliest_started_at ? parse(error.meta.earliest_started_at) : null;
    if (earliest > act.at && earliest - act.at <= TOLERANCE && !act.moved) {
      // By moments: the clocks differ. Another request needs another key.
      await anew(kept, { ...act, at: earliest, moved: true }, stops);
      return;
    }
    for (const it of [act, ...stops]) await kept.dropAct(it);
    const { message: words, pointer } = error;
    await kept.putNotice({ key: act.key, kind: "refused", act, stops, words, pointer, earliest });
  });
}

// Puts a start into the queue again under another key; in its old place, if it still has one.
async function anew(kept, { request: _, sent: __, ...act }, stops) {
  const again = { ...act, key: crypto.randomUUID() };
  await kept.putAct(again);
  for (const stop of stops) await kept.putAct({ ...stop, start: again.key });
}

// Whether a refused start could still begin at the earliest instant that the server told.
export function couldMove({ kind, stops, earliest }, sessions) {
  if (kind !== "refused" || !earliest || lastInstant(sessions) > earliest) return false;
  return stops.every((stop) => stop.at > earliest);
}

// Starts what was refused at the earliest instant, as the person asked.
export async function move({ key, act, stops, earliest }) {
  await transact(async (kept) => {
    // Two tabs show the same notice; the first tap takes it.
    if (!(await kept.notices()).some((it) => it.key === key)) return;
    await kept.dropNotice(key);
    const places = [act, ...stops].map(({ order: _, ...rest }) => rest);
    await anew(kept, { ...places[0], at: earliest }, places.slice(1));
  });
  tellChange();
}

export async function dismiss(key) {
  await transact((kept) => kept.dropNotice(key));
  tellChange();
}
