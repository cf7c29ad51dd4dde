// Loads the weeks that the person opens: the sessions of weeks that the recent list does not have, and
// the time entries with time booked by hand.
//
// The value `weeks` has the loaded weeks by their first date: {from, to, loadedAt, sessions, entries}.
// `from`, `to` and `loadedAt` are timestamps, `sessions` is {path, etag, count}, and `entries` is a
// list (refresh.js). The sessions themselves are with the others, in the value `timers`.

import { RefusedError, RetryableError, withQuery } from "../shared/api.js";
import { format, now, offset } from "../shared/clock.js";
import { mergeLists } from "./day.js";
import { withLock } from "./lock.js";
import { PAGE, loadList, sinceOf } from "./refresh.js";
import { LoggedOut, announceChange, transactAs } from "./store.js";
import { readEntry, readTimer } from "./timers.js";
import { touches } from "./week.js";

// The phone stores the weeks that were opened last.
const MAX_WEEKS = 12;

// No session is longer, so this bounds what the server reads to find those over midnight.
const MAX_SESSION_SECONDS = 31 * 24 * 60 * 60;

// A week is loaded again after these seconds, while it is shown. The recent list has the sessions of
// the current week.
const MAX_AGE_SECONDS = 60;
const MAX_AGE_OF_RECENT_SECONDS = 10 * 60;
const RETRY_SECONDS = 10;

let loading = null;
let pausedUntil = 0;

export const isLoading = () => loading !== null;

// Loads the shown week if it is missing or old. `days` are its days, `state` is the stored state.
export function loadIfNeeded(account, days, { weeks = {}, recent }) {
  // The recent list comes first.
  if (!recent || loading || document.hidden || !navigator.onLine || performance.now() < pausedUntil) return;
  const [from, to] = [days[0].start, days.at(-1).end];
  const week = weeks[days[0].date];
  const maximum = sinceOf(recent) <= from ? MAX_AGE_OF_RECENT_SECONDS : MAX_AGE_SECONDS;
  const isFresh = week?.from === from && week.to === to && Math.abs(now() - week.loadedAt) < maximum;
  if (isFresh) return;
  loading = run(account, days).finally(() => {
    loading = null;
    announceChange();
  });
}

// Waits for the lock: no action is being sent meanwhile, so no response is older than the stored
// state. What is still queued is shown on top of it.
async function run(account, days) {
  try {
    await withLock(() => load(account, days));
  } catch (error) {
    // sync.js shows the state of the connection, and the end of a token. This is tried again later.
    const isExpected = [RetryableError, RefusedError, LoggedOut].some((kind) => error instanceof kind);
    if (!isExpected) console.error(error);
    pausedUntil = performance.now() + Math.max(RETRY_SECONDS, error.retryAfter ?? 0) * 1000;
  }
}

async function load(account, days) {
  const [first, last] = [days[0], days.at(-1)];
  const week = { from: first.start, to: last.end };
  const stored = await transactAs(account, async (store) => ({
    week: ((await store.value("weeks")) ?? {})[first.date],
    recent: await store.value("recent"),
    timers: (await store.value("timers")) ?? [],
  }));
  const sessions = sinceOf(stored.recent) <= week.from ? null : await loadSessions(account, week, stored);
  const entries = await loadList(account, entriesPath(account, first, last), stored.week?.entries, readEntry);
  await transactAs(account, async (store) => {
    await store.putValue("offset", offset());
    const timers = (await store.value("timers")) ?? [];
    if (sessions?.records) await store.putValue("timers", replaceWeek(timers, week, sessions.records));
    const count = (await store.value("timers") ?? []).filter((timer) => touches(timer, week)).length;
    const loaded = { ...week, loadedAt: now(), entries, sessions: sessions && { ...sessions.list, count } };
    await store.putValue("weeks", withWeek((await store.value("weeks")) ?? {}, first.date, loaded));
  });
}

// Returns {list, records}; without `records` if the stored sessions are still valid.
async function loadSessions(account, week, { week: known, timers }) {
  const path = withQuery("/timers", {
    "filter[person_id]": account.person.id,
    "filter[started_at][lt]": format(week.to),
    "filter[stopped_at][gt_eq]": format(week.from),
    "filter[stopped_at][lt]": format(week.to + MAX_SESSION_SECONDS),
    sort: "stopped_at",
    include: "time_entry.service",
    ...PAGE,
  });
  // An earlier version of this page may have removed sessions that it did not know.
  const isComplete = timers.filter((timer) => touches(timer, week)).length === known?.sessions?.count;
  const list = await loadList(account, path, isComplete ? known.sessions : undefined, readTimer);
  const { records, ...rest } = list;
  return { list: rest, records };
}

const replaceWeek = (timers, week, records) =>
  mergeLists(timers, [...timers.filter((timer) => !touches(timer, week)), ...records], now());

// The week that was loaded now stays in any case: the clock of the others may have been ahead.
export function withWeek(weeks, date, week) {
  const { [date]: _, ...others } = weeks;
  const newestFirst = Object.entries(others).sort(([, one], [, other]) => other.loadedAt - one.loadedAt);
  return Object.fromEntries([[date, week], ...newestFirst].slice(0, MAX_WEEKS));
}

// Only those with time by hand: the others are included with their sessions.
const entriesPath = (account, first, last) =>
  withQuery("/time_entries", {
    "filter[person_id]": account.person.id,
    "filter[after]": first.date,
    "filter[before]": last.date,
    "filter[track_method_id]": "1,4",
    sort: "date",
    include: "service",
    ...PAGE,
  });
