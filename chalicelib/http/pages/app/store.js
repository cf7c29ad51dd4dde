// The data on this phone, which all tabs share: queued actions, notices, and named values such as the
// account and the server's last state. They are in IndexedDB. While the browser's storage fails, this
// page works in its memory, and writes to the storage when it works again: docs/decisions/0017-pocket.md.

import * as database from "./database.js";
import { hasUnsaved, nothing, ownerOf, unsavedActions, unsavedNotices, writeBack } from "./merge.js";
import { MemoryRecords, StoredRecords } from "./records.js";

const MAX_RETRY_SECONDS = 30;

const channel = new BroadcastChannel("stint-pocket");

// The stored data when this page has last read or changed it.
let known = nothing();

// The data of this page while the storage fails, {base, content}; or null. `base` is `known` at the
// failure.
let memory = null;

// Why the page does not store what the person does, for the texts of problems.js; or null. Each change
// is announced as "stint-storage".
export const storage = { problem: null };

function setProblem(problem) {
  if (storage.problem === problem) return;
  storage.problem = problem;
  dispatchEvent(new Event("stint-storage"));
}

let retryTimer;
let retrySeconds = 1;

function retryLater() {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(retryStorage, retrySeconds * 1000);
}

// The last transaction in memory.
let running = Promise.resolve();

// Runs `work` in one transaction, which is written completely or not at all: on the storage, or in the
// memory of this page if the storage fails. `work` may only await methods of its `store`. It may run
// twice, so it must not create keys.
export async function transact(work) {
  for (;;) {
    if (!memory) {
      try {
        const { result, changed } = await transactStored(work);
        if (!memory && storage.problem !== "deleted") setProblem(null);
        // Another transaction has failed meanwhile, so this page uses its memory.
        if (memory && changed) await inOrder(() => addStored(changed));
        return result;
      } catch (error) {
        if (error instanceof DataDeleted) handleDeletion();
        else if (database.isStorageError(error)) useMemory(error);
        else if (!(error instanceof MemoryUsed)) throw error;
      }
    }
    const done = await inOrder(async () => memory && { result: await transactInMemory(work) });
    if (done) return done.result;
  }
}

export class LoggedOut extends Error {}

// The same, but throws LoggedOut if the account has logged out since its request. So no data of
// that account is stored after logout.
export function transactAs(account, work) {
  return transact(async (store) => {
    if ((await store.value("account"))?.login !== account.login) throw new LoggedOut();
    return work(store);
  });
}

// Returns whose data this page has last read or changed (ownerOf in merge.js), or null.
export function knownOwner() {
  const { account } = (memory?.content ?? known).values;
  return account ? ownerOf(account) : null;
}

// Returns everything: {actions, notices}, and the named values.
export async function readState() {
  const isStored = !memory;
  const state = await transact((store) => store.all());
  // Meanwhile, the page has begun to use its memory, and may have shown what is new in it.
  if (isStored && memory) return readState();
  if (!memory) known = { ...nothing(), ...state };
  if (!memory && state.values.account) setProblem(null);
  return { ...state.values, actions: state.actions, notices: state.notices };
}

// Returns the taps that are only in this page.
export const unsavedTaps = () =>
  memory ? unsavedActions(memory.base, memory.content).filter((action) => !action.isImplied) : [];

// Whether the browser has stored data that it cannot read.
export const isUnreadable = () => storage.problem === "failed" && !memory?.base.values.account;

// Whether a logout has not deleted the stored data yet.
export const isDeletionPending = () => Boolean(memory?.content.isCleared);

// Deletes all data of this page, also if it cannot be read.
export function deleteData() {
  memory = null;
  known = nothing();
  return database.deleteDatabase();
}

// Calls back after each change, in this tab or another.
export function onChange(callback) {
  channel.onmessage = callback;
  addEventListener("stint-change", callback);
}

export function announceChange() {
  channel.postMessage("changed");
  dispatchEvent(new Event("stint-change"));
}

// Tries whether the storage works again, and writes what is only in this page.
export async function retryStorage() {
  if (!memory) return;
  // Taps do not have to wait for a storage that does not respond.
  const works = await succeeds(() => database.transact(async () => {}));
  if (works && (await succeeds(() => inOrder(writeMemory)))) {
    retrySeconds = 1;
    // Other tabs may have loaded newer lists than those that this page has written.
    dispatchEvent(new Event("stint-return"));
  } else {
    retrySeconds = Math.min(MAX_RETRY_SECONDS, retrySeconds * 2);
    retryLater();
  }
  announceChange();
}

class DataDeleted extends Error {}

// While the transaction waited, another one has failed, or has found that the data was deleted.
class MemoryUsed extends Error {}

// Returns {result, changed}: the result of `work`, and all stored data if `work` has changed it.
async function transactStored(work) {
  const [result, changed] = await database.transact(async (transaction) => {
    if (memory) throw new MemoryUsed();
    if (database.status.isNew && known.values.account) throw new DataDeleted();
    database.status.isNew = false;
    const store = new StoredRecords(transaction);
    return [await work(store), store.isChanged ? { ...nothing(), ...(await store.all()) } : null];
  });
  if (changed) known = changed;
  return { result, changed };
}

// Brings what a transaction has stored into the memory, which was copied before: the differences that
// are only in this page are applied to the stored data.
async function addStored(stored) {
  if (!memory) return;
  const { base, content } = memory;
  const merged = { ...structuredClone(stored), finished: content.finished };
  const outcome = await writeBack(new MemoryRecords(merged), base, content);
  if (outcome === "deleted" && hasUnsaved(base, content)) keepUnsaved(base, content);
  else if (outcome !== "other") memory = { base: stored, content: merged };
  announceChange();
}

// Works on a copy, because `work` may throw.
async function transactInMemory(work) {
  const content = structuredClone(memory.content);
  const result = await work(new MemoryRecords(content));
  memory.content = content;
  return result;
}

function inOrder(work) {
  const done = running.then(work);
  running = done.catch(() => {});
  return done;
}

function useMemory(error) {
  console.error(error);
  setProblem(problemOf(error));
  if (memory) return;
  memory = { base: known, content: structuredClone(known) };
  retryLater();
  announceChange();
}

const PROBLEMS = {
  QuotaExceededError: "full",
  SecurityError: "refused",
  VersionError: "outdated",
  [database.BLOCKED]: "blocked",
  [database.TIMEOUT]: "silent",
};

const problemOf = ({ name }) => PROBLEMS[name] ?? "failed";

// The browser or the person has deleted the data of this page while it was open. The login does not
// come back: it may have been deleted on purpose. Only what was not sent stays in this page, until the
// same person logs in again.
function handleDeletion() {
  setProblem("deleted");
  // writeMemory finds out itself that the memory's data was deleted.
  if (!memory) keepTaps(known.values.account, known);
  known = nothing();
  retryLater();
  announceChange();
}

function keepTaps(account, { actions, notices }) {
  const values = { account: { ...account, token: "", lockedOut: true } };
  memory = { base: nothing(), content: { ...nothing(), values, actions, notices } };
}

function keepUnsaved(base, content) {
  const [actions, notices] = [unsavedActions(base, content), unsavedNotices(base, content)];
  keepTaps(content.values.account, { actions, notices });
}

// Returns the result of `work`, or false if the storage fails.
async function succeeds(work) {
  try {
    return (await work()) ?? true;
  } catch (error) {
    if (!database.isStorageError(error)) throw error;
    setProblem(problemOf(error));
    return false;
  }
}

// Returns whether this page uses the storage again.
async function writeMemory() {
  if (!memory) return true;
  const { base: last, content } = memory;
  const [outcome, stored, base] = await database.transact(async (transaction) => {
    // After a logout in another tab, only what is new is unsaved; in a new database, everything is.
    const present = database.status.isNew ? { ...nothing(), values: last.values } : last;
    const store = new StoredRecords(transaction);
    return [await writeBack(store, present, content), await store.all(), present];
  });
  database.status.isNew = false;
  setProblem(["deleted", "other"].includes(outcome) ? outcome : null);
  if (outcome === "deleted") {
    keepUnsaved(base, content);
    if (hasUnsaved(base, content)) return false;
  }
  if (outcome === "other") return false;
  known = { ...nothing(), ...stored };
  memory = null;
  return true;
}

Object.assign(database.events, {
  onSilence: () => setProblem("silent"),
  onReturn: retryStorage,
  onClose: announceChange,
});
addEventListener("visibilitychange", () => document.hidden || retryStorage());
// A page that is closed loses what is only in its memory.
addEventListener("beforeunload", (event) => { if (unsavedTaps().length) event.preventDefault(); });
