// The connection to IndexedDB, which browsers close, refuse or lose at any step:
// docs/decisions/0017-pocket.md, *When the phone's storage fails*.

const NAME = "stint-pocket";
const VERSION = 1;

// The object stores of actions, notices and named values. Phones have databases with these names and
// with the fields of the records, so a new name needs a new database version.
export const STORES = ["acts", "notices", "facts"];

// WebKit sometimes never answers. A transaction on a slow phone takes some hundred milliseconds.
const TIMEOUT_MILLISECONDS = 3000;

// Callbacks, which store.js sets.
export const events = {
  // The storage does not respond. Another attempt follows.
  onSilence() {},
  // An open that had timed out or waited for another tab has succeeded.
  onReturn() {},
  // The connection is closed: by the browser, or for another tab that deletes or upgrades the database.
  onClose() {},
};

// Whether this page has created the database: there was no data, or it was deleted. store.js resets it.
export const status = { isNew: false };

// The open connection, as a promise; or undefined.
let connection;

// Whether an open waits for a tab with an older version of the page.
let isBlocked = false;

export const TIMEOUT = "TimeoutError";
export const BLOCKED = "BlockedError";

// A retry would fail in the same way.
const LASTING = ["QuotaExceededError", "SecurityError", "VersionError", BLOCKED];

// Whether an error comes from the browser's storage, and not from the code that uses it.
export const isStorageError = (error) => error instanceof DOMException && error.name !== "DataCloneError";

// Runs `work` in one transaction, which is written completely or not at all, and returns its result.
// Transactions of other tabs wait for its end. `work(transaction)` may only await requests of the
// transaction: the browser ends a transaction that has no open request.
//
// If the storage fails, runs `work` once more on a new connection. The first transaction may have been
// written nevertheless, so `work` must give the same result if it runs twice.
export async function transact(work) {
  try {
    return await transactOnce(work);
  } catch (error) {
    if (!isStorageError(error) || LASTING.includes(error.name)) throw error;
    if (error.name === TIMEOUT) events.onSilence();
    return transactOnce(work);
  }
}

async function transactOnce(work) {
  const opening = connection ??= open();
  let transaction;
  try {
    const database = await opening;
    // Strict: a stored tap must be on the disk, in case the battery runs out.
    transaction = database.transaction(STORES, "readwrite", { durability: "strict" });
    return await withTimeout(run(transaction, () => work(transaction)));
  } catch (error) {
    if (isStorageError(error)) await drop(opening, transaction);
    throw error;
  }
}

async function run(transaction, work) {
  const completed = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    // A full disk can abort the transaction after all its requests have succeeded.
    transaction.onabort = () => reject(transaction.error ?? failure("AbortError"));
  });
  try {
    // Chromium aborts a transaction on a full disk without an answer to its requests.
    const result = await Promise.race([work(), completed.then(() => undefined)]);
    await completed;
    return result;
  } catch (error) {
    completed.catch(() => {});
    abort(transaction);
    throw error;
  }
}

function abort(transaction) {
  try {
    transaction?.abort();
  } catch {
    // It has ended.
  }
}

// Closes a connection that failed, so that the next transaction opens another one.
async function drop(opening, transaction) {
  if (connection === opening) connection = undefined;
  abort(transaction);
  const database = await opening.catch(() => null);
  database?.close();
}

const failure = (name, message = "") => new DOMException(message, name);

function withTimeout(promise) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(failure(TIMEOUT)), TIMEOUT_MILLISECONDS);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

function open() {
  let isLate = false;
  const opened = new Promise((resolve, reject) => {
    // Some browsers have no indexedDB in private windows.
    if (!globalThis.indexedDB) throw failure("SecurityError");
    if (isBlocked) throw failure(BLOCKED);
    const request = indexedDB.open(NAME, VERSION);
    let isNew = false;
    request.onupgradeneeded = ({ oldVersion }) => {
      isNew = oldVersion === 0;
      if (isNew) createStores(request.result);
    };
    request.onblocked = () => {
      isBlocked = isLate = true;
      reject(failure(BLOCKED));
    };
    request.onerror = () => {
      isBlocked = false;
      reject(openError(request.error));
    };
    request.onsuccess = () => {
      isBlocked = false;
      status.isNew ||= isNew;
      const database = prepare(request.result);
      if (isLate) adopt(database);
      resolve(database);
    };
  });
  const inTime = withTimeout(opened);
  inTime.catch(() => { isLate = true; });
  return inTime;
}

// Chromium reports a refusal as UnknownError, "The user denied permission to access the database";
// private windows of older Firefox as InvalidStateError.
function openError(error) {
  const isRefusal = error?.name === "InvalidStateError" || /denied/i.test(error?.message);
  return isRefusal ? failure("SecurityError", error.message) : error ?? failure("UnknownError");
}

// Uses a connection that came late, if there is no other one.
function adopt(database) {
  if (connection) database.close();
  else {
    connection = Promise.resolve(database);
    events.onReturn();
  }
}

// Deletes the database, also one that cannot be read. The other tabs close their connections; if one
// does not, the browser deletes it later.
export function deleteDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(NAME);
    request.onsuccess = request.onblocked = resolve;
    request.onerror = () => reject(request.error ?? failure("UnknownError"));
  });
}

function createStores(database) {
  const [actions, notices, values] = STORES;
  database.createObjectStore(actions, { keyPath: "order", autoIncrement: true });
  database.createObjectStore(notices, { keyPath: "key" });
  database.createObjectStore(values);
}

function prepare(database) {
  const forget = async () => {
    if ((await connection?.catch(() => null)) === database) connection = undefined;
  };
  // The browser has closed the connection, for example because the person deleted the site's data.
  database.onclose = () => forget().then(() => events.onClose());
  database.onversionchange = () => {
    // Otherwise the other tab would wait until this page is closed.
    database.close();
    forget().then(() => events.onClose());
  };
  return database;
}
