// The data on this phone, in IndexedDB: queued actions, notices, and named values such as the
// account and the server's last state. All tabs share it.

// The object stores of actions, notices and named values. Phones have databases with these names and
// with the fields of the records, so a new name needs a new database version.
const STORES = ["acts", "notices", "facts"];
const channel = new BroadcastChannel("stint-pocket");
let database;

// Runs `work` in one transaction, which is written completely or not at all. Transactions of other
// tabs wait for its end. `work` may only await methods of its `store`: the browser ends a
// transaction that has no open request.
export async function transact(work) {
  const transaction = await begin();
  const completed = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
  });
  let result;
  try {
    result = await work(new Store(transaction));
  } catch (error) {
    completed.catch(() => {});
    transaction.abort();
    throw error;
  }
  await completed;
  return result;
}

// Begins a transaction. WebKit closes the database while the page is in the background, so the page
// opens it again.
async function begin() {
  try {
    return await beginOn(database ??= open());
  } catch (error) {
    if (error.name !== "InvalidStateError") throw error;
    return beginOn(database = open());
  }
}

async function beginOn(opened) {
  // Strict: a stored tap must be on the disk, in case the battery runs out.
  return (await opened).transaction(STORES, "readwrite", { durability: "strict" });
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

// Calls back after each change, in this tab or another.
export function onChange(callback) {
  channel.onmessage = callback;
  addEventListener("stint-change", callback);
}

export function announceChange() {
  channel.postMessage("changed");
  dispatchEvent(new Event("stint-change"));
}

class Store {
  constructor(transaction) {
    [this.actionStore, this.noticeStore, this.valueStore] =
      STORES.map((name) => transaction.objectStore(name));
  }

  actions = () => resultOf(this.actionStore.getAll());
  putAction = (action) => resultOf(this.actionStore.put(action));
  deleteAction = (action) => resultOf(this.actionStore.delete(action.order));
  notices = () => resultOf(this.noticeStore.getAll());
  putNotice = (notice) => resultOf(this.noticeStore.put(notice));
  deleteNotice = (key) => resultOf(this.noticeStore.delete(key));
  value = (name) => resultOf(this.valueStore.get(name));
  putValue = (name, value) => resultOf(this.valueStore.put(value, name));
  deleteAll = () => {
    const stores = [this.actionStore, this.noticeStore, this.valueStore];
    return Promise.all(stores.map((store) => resultOf(store.clear())));
  };
}

function open() {
  const request = indexedDB.open("stint-pocket", 1);
  request.onupgradeneeded = () => {
    const [actions, notices, values] = STORES;
    request.result.createObjectStore(actions, { keyPath: "order", autoIncrement: true });
    request.result.createObjectStore(notices, { keyPath: "key" });
    request.result.createObjectStore(values);
  };
  return resultOf(request);
}

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
