// What this phone remembers, in IndexedDB: the acts that wait, the notices about those that were
// refused, and facts (who is logged in, what the server told last). All tabs share it.

const STORES = ["acts", "notices", "facts"];
const channel = new BroadcastChannel("stint-pocket");
let database;

// Runs `work` in one transaction, which other tabs' wait for: all of it is written, or nothing.
// It may await nothing but what it is given, or the transaction ends early.
export async function transact(work) {
  database ??= open();
  // Strictly: a tap must survive a battery that dies.
  const transaction = (await database).transaction(STORES, "readwrite", { durability: "strict" });
  const ended = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error ?? new Error("nothing was written"));
  });
  let result;
  try {
    result = await work(new Kept(transaction));
  } catch (error) {
    ended.catch(() => {});
    transaction.abort();
    throw error;
  }
  await ended;
  return result;
}

export class LoggedOut extends Error {}

// The same, unless whoever asked has logged out meanwhile: what they were told is not kept.
export function transactAs(account, work) {
  return transact(async (kept) => {
    if ((await kept.fact("account"))?.login !== account.login) throw new LoggedOut();
    return work(kept);
  });
}

// Calls back whenever some tab, or this one, says that it changed something.
export function onChange(callback) {
  channel.onmessage = callback;
  addEventListener("stint-change", callback);
}

export function tellChange() {
  channel.postMessage("changed");
  dispatchEvent(new Event("stint-change"));
}

class Kept {
  constructor(transaction) {
    [this.actStore, this.noticeStore, this.factStore] = STORES.map((name) => transaction.objectStore(name));
  }

  acts = () => done(this.actStore.getAll());
  putAct = (act) => done(this.actStore.put(act));
  dropAct = (act) => done(this.actStore.delete(act.order));
  notices = () => done(this.noticeStore.getAll());
  putNotice = (notice) => done(this.noticeStore.put(notice));
  dropNotice = (key) => done(this.noticeStore.delete(key));
  fact = (name) => done(this.factStore.get(name));
  keep = (name, value) => done(this.factStore.put(value, name));
  forget = () => Promise.all([this.actStore, this.noticeStore, this.factStore].map((it) => done(it.clear())));
}

function open() {
  const request = indexedDB.open("stint-pocket", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("acts", { keyPath: "order", autoIncrement: true });
    request.result.createObjectStore("notices", { keyPath: "key" });
    request.result.createObjectStore("facts");
  };
  return done(request);
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
