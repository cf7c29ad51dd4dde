// The records that the app stores: actions, notices and named values; in IndexedDB, or in the memory
// of the page while its storage fails. Both classes have the same methods.

import { STORES } from "./database.js";

class Records {
  // Queues a new action, unless its transaction was written before and is only repeated.
  async addAction(action) {
    if (!(await this.queued(action))) await this.putAction(action);
  }

  // Returns an action as it is queued now, or undefined. Its key is its identity: its order changes when
  // it is written from the memory to IndexedDB, where another tab may have used the order.
  async queued({ key }) {
    return (await this.actions()).find((action) => action.key === key);
  }

  async all() {
    const [values, actions, notices] = await Promise.all([this.values(), this.actions(), this.notices()]);
    return { values, actions, notices };
  }
}

export class StoredRecords extends Records {
  isChanged = false;

  constructor(transaction) {
    super();
    [this.actionStore, this.noticeStore, this.valueStore] =
      STORES.map((name) => transaction.objectStore(name));
  }

  actions = () => resultOf(this.actionStore.getAll());
  putAction = (action) => this.change(this.actionStore.put(action));
  deleteAction = async (action) => {
    const queued = await this.queued(action);
    if (queued) await this.change(this.actionStore.delete(queued.order));
  };
  notices = () => resultOf(this.noticeStore.getAll());
  putNotice = (notice) => this.change(this.noticeStore.put(notice));
  deleteNotice = (key) => this.change(this.noticeStore.delete(key));
  value = (name) => resultOf(this.valueStore.get(name));
  putValue = (name, value) => this.change(this.valueStore.put(value, name));
  deleteAll = () => {
    const stores = [this.actionStore, this.noticeStore, this.valueStore];
    return Promise.all(stores.map((store) => this.change(store.clear())));
  };

  change(request) {
    this.isChanged = true;
    return resultOf(request);
  }

  async values() {
    const [names, values] = await Promise.all([
      resultOf(this.valueStore.getAllKeys()), resultOf(this.valueStore.getAll()),
    ]);
    return Object.fromEntries(names.map((name, index) => [name, values[index]]));
  }
}

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException("", "UnknownError"));
  });
}

// Works on `content`, {values, actions, notices, finished, isCleared}. The copies are as deep as those
// of IndexedDB. `finished` is the keys of the deleted actions, and `isCleared` whether everything was
// deleted.
export class MemoryRecords extends Records {
  constructor(content) {
    super();
    this.content = content;
  }

  actions = async () => structuredClone(this.content.actions);

  // Sorts the actions as IndexedDB does: merge.js writes them in this order.
  putAction = async (action) => {
    const others = this.content.actions.filter(({ order }) => order !== action.order);
    const last = Math.max(0, ...others.map(({ order }) => Math.floor(order)));
    this.content.actions = [...others, { order: last + 1, ...structuredClone(action) }]
      .sort((one, other) => one.order - other.order);
  };

  deleteAction = async ({ key }) => {
    this.content.finished.push(key);
    this.content.actions = this.content.actions.filter((action) => action.key !== key);
  };

  notices = async () => structuredClone(this.content.notices);

  putNotice = async (notice) => {
    await this.deleteNotice(notice.key);
    this.content.notices.push(structuredClone(notice));
  };

  deleteNotice = async (key) => {
    this.content.notices = this.content.notices.filter((notice) => notice.key !== key);
  };

  value = async (name) => structuredClone(this.content.values[name]);
  values = async () => structuredClone(this.content.values);
  putValue = async (name, value) => { this.content.values[name] = structuredClone(value); };

  deleteAll = async () => {
    Object.assign(this.content, { values: {}, actions: [], notices: [], isCleared: true });
  };
}
