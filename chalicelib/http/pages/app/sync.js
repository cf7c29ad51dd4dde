// Decides when to send the queue and load the state: after each tap, when the network or the person
// comes back, when other devices change something, by polling, and after a failure with growing delays.

import { RetryableError } from "../shared/api.js";
import { isLeading } from "./leader.js";
import { follow, isLive } from "./live.js";
import { withLock } from "./lock.js";
import { messageOf } from "./messages.js";
import { LOOK_SECONDS, dueLists, maxAges } from "./polling.js";
import { LISTS, LISTS_AND_TIME, TIMER_LISTS, refresh } from "./refresh.js";
import { send } from "./sender.js";
import { LoggedOut, announceChange, transact } from "./store.js";

const MAX_RETRY_SECONDS = 60;

// What the page shows of the attempts: the error message of the last one, or null; when the next one
// is (performance.now); whether the server requested to wait until then; and whether one runs.
export const connection = { error: null, nextTry: 0, isPaused: false, isRunning: false };

let failures = 0;
// Until then, nothing is sent, also not after a tap: the server requested it (Retry-After).
let pausedUntil = 0;
let timer;
let isRequested = false;
let currentRun = null;
// The names of the lists that are loaded even if they are not due.
const wanted = new Set();
let lastActivity = performance.now();

// Sends the queue soon. Call it after a tap.
export function sync() {
  noteActivity();
  // A live connection says when this device's own changes are in the lists.
  return load(isLive() ? [] : TIMER_LISTS);
}

export const loadAll = () => load(LISTS);

// Sends the queue, and loads the lists with these names and those that are due. A call during a run
// causes one more run.
export function load(names) {
  for (const name of names) wanted.add(name);
  isRequested = true;
  currentRun ??= runWhileRequested().finally(() => { currentRun = null; });
  return currentRun;
}

// While something happens, polls are frequent.
export function noteActivity() {
  lastActivity = performance.now();
}

async function runWhileRequested() {
  clearTimeout(timer);
  let seconds;
  while (isRequested) {
    isRequested = false;
    seconds = await runOnce();
  }
  timer = setTimeout(() => load([]), seconds * 1000);
}

// Runs once. Returns the seconds until the next run. The lock lets one tab run at a time. The
// browser releases the lock of a closed tab, and the next tab sends the rest of the queue.
async function runOnce() {
  const account = await transact((store) => store.value("account"));
  const isLoggedIn = account && !account.lockedOut;
  follow(isLoggedIn && isLeading() ? account : null);
  if (!isLoggedIn) {
    connection.error = null;
    return LOOK_SECONDS;
  }
  const pause = (pausedUntil - performance.now()) / 1000;
  if (pause > 0) return pause;
  connection.isRunning = true;
  try {
    await withLock(async () => {
      await send(account, failures === 0 && navigator.onLine);
      await loadNeeded(account);
    });
    [failures, connection.error] = [0, null];
    return LOOK_SECONDS;
  } catch (error) {
    return await handleFailure(account, error);
  } finally {
    connection.isRunning = false;
    announceChange();
  }
}

// Loads the lists that are wanted or due. A page in the background loads only what the live
// connection says; the other lists wait.
async function loadNeeded(account) {
  if (document.hidden && !isLive()) return;
  const stored = await storedLists();
  const names = [...wanted];
  wanted.clear();
  try {
    if (await refresh(account, stored, [...names, ...dueNow(stored)])) noteActivity();
  } catch (error) {
    for (const name of names) wanted.add(name);
    throw error;
  }
}

function dueNow(stored) {
  if (document.hidden || !isLeading()) return [];
  const quietSeconds = (performance.now() - lastActivity) / 1000;
  return dueLists(stored, maxAges(isLive(), quietSeconds), Date.now());
}

// Returns the seconds until the retry.
async function handleFailure(account, error) {
  failures += 1;
  connection.error = error instanceof LoggedOut ? null : messageOf(error);
  if (error.status === 401) {
    // The queue stays, and is sent after the same person logs in again.
    await transact(async (store) => {
      const current = await store.value("account");
      if (current?.login === account.login) await store.putValue("account", { ...current, lockedOut: true });
    });
  } else if (!(error instanceof RetryableError || error instanceof LoggedOut)) reportError(error);
  // Random jitter of one half: phones that lost the same network do not retry at the same time.
  const delay = Math.min(MAX_RETRY_SECONDS, 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
  const retryAfter = error.retryAfter ?? 0;
  pausedUntil = performance.now() + retryAfter * 1000;
  const seconds = Math.max(delay, retryAfter);
  connection.nextTry = performance.now() + seconds * 1000;
  connection.isPaused = retryAfter > 0;
  return seconds;
}

function storedLists() {
  return transact(async (store) => {
    const lists = await Promise.all(LISTS_AND_TIME.map((name) => store.value(name)));
    return Object.fromEntries(LISTS_AND_TIME.map((name, index) => [name, lists[index]]));
  });
}
