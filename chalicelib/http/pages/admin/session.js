// The account that is logged in, stored on this device: {base, token, organization, person, role}.

const STORE = "facts";
let database;

const resultOf = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function open() {
  const request = indexedDB.open("stint-admin", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return resultOf(request);
}

async function run(work) {
  const opened = await (database ??= open());
  return resultOf(work(opened.transaction(STORE, "readwrite").objectStore(STORE)));
}

export const readStored = () => run((store) => store.get("account"));
export const store = (account) => run((stored) => stored.put(account, "account"));
export const forget = () => run((stored) => stored.clear());
