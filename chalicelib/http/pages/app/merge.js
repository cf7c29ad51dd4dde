// Writes to IndexedDB what the page has done in its memory while the storage failed. The keys of the
// actions are their identity, so nothing is stored twice. Pure functions, except for `store`.

// Storage without data: see MemoryRecords in records.js.
export const nothing = () => ({ values: {}, actions: [], notices: [], finished: [], isCleared: false });

// Returns whose queue an account sends. A person can log in several times.
export const ownerOf = ({ base, organization, person }) => [base, organization.id, person.id].join(" ");

const hasKey = (records, { key }) => records.some((record) => record.key === key);

const areEqual = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Returns the actions that are only in the memory. `base` is the stored data when the storage failed.
export const unsavedActions = (base, content) =>
  content.actions.filter((action) => !hasKey(base.actions, action));

// Returns the notices that are only in the memory.
export const unsavedNotices = (base, content) =>
  content.notices.filter((notice) => !hasKey(base.notices, notice));

export const hasUnsaved = (base, content) =>
  unsavedActions(base, content).length + unsavedNotices(base, content).length > 0;

// Writes the differences between `base` and `content`. Returns "written"; or why it writes nothing:
// "unneeded" if there is nothing to write, "deleted" if the login was deleted meanwhile, and "other" if
// another person has logged in meanwhile.
export async function writeBack(store, base, content) {
  let stored = await store.all();
  const { account } = content.values;
  const isSameLogin = stored.values.account?.login === base.values.account?.login;
  if (content.isCleared && isSameLogin) {
    await store.deleteAll();
    stored = base = nothing();
  }
  if (!account) return "unneeded";
  const isNewLogin = account.login !== base.values.account?.login;
  const owner = stored.values.account;
  if (!owner && (account.lockedOut || !isNewLogin)) return "deleted";
  if (owner && ownerOf(owner) !== ownerOf(account)) {
    return isNewLogin || hasUnsaved(base, content) ? "other" : "unneeded";
  }
  const isAccountWritten = account.lockedOut ? owner?.login === account.login : isNewLogin;
  await writeValues(store, base, content.values, isAccountWritten);
  await writeNotices(store, base, content);
  await writeActions(store, base, content, stored);
  await nameTimers(store, [stored.values.timers, content.values.timers].flatMap((timers) => timers ?? []));
  return "written";
}

async function writeValues(store, base, values, isAccountWritten) {
  for (const [name, value] of Object.entries(values)) {
    const isWritten = name === "account" ? isAccountWritten : !areEqual(value, base.values[name]);
    if (isWritten) await store.putValue(name, value);
  }
}

async function writeNotices(store, base, { notices }) {
  for (const notice of base.notices) if (!hasKey(notices, notice)) await store.deleteNotice(notice.key);
  for (const notice of notices) if (!hasKey(base.notices, notice)) await store.putNotice(notice);
}

async function writeActions(store, base, { actions, finished }, stored) {
  const isFinished = (action) =>
    finished.includes(action.key) || (hasKey(base.actions, action) && !hasKey(actions, action));
  for (const action of stored.actions) if (isFinished(action)) await store.deleteAction(action);
  const lastOrder = Math.max(0, ...base.actions.map(({ order }) => order));
  for (const action of actions) {
    const same = stored.actions.find(({ key }) => key === action.key);
    const previous = base.actions.find(({ key }) => key === action.key);
    if (same) {
      // The transaction of a new action can have been written although the browser reported an error.
      if (!areEqual(action, previous)) await store.putAction({ ...action, order: same.order });
    } else if (!previous) {
      // Other tabs may have used the next orders meanwhile.
      const { order, ...rest } = action;
      await store.putAction(order <= lastOrder ? action : rest);
    }
    // Otherwise another tab has sent it.
  }
}

// An action names its start if that is queued. If it was queued on one side, and the start was sent on
// the other, it gets the id of the timer now.
async function nameTimers(store, timers) {
  const actions = await store.actions();
  for (const { start, ...action } of actions) {
    const timer = timers.find(({ key }) => key && key === start);
    if (timer && !hasKey(actions, { key: start })) await store.putAction({ ...action, timer: timer.id });
  }
}
