// What the person answers to notices, as changes of the stored data.

import { addAction, change, newAction } from "./queue.js";

// More automatic stops than a person has in the days that the page asks about.
const MAX_CONFIRMED = 200;

// Queues a refused session at other times: `parts` of {started, stopped}. Its note goes with the first.
export function place({ key, session, action, dependents = [] }, parts) {
  const actions = parts.map((part) => session.id ? changedAction(action, part) : addAction(crypto.randomUUID(), { ...session, ...part }));
  const keys = new Map([[action?.key, actions[0].key]]);
  const notes = dependents.filter(({ kind }) => kind === "note").map((note) => repeated(note, keys));
  return answer(key, [...actions, ...notes]);
}

const changedAction = (action, part) =>
  repeated(action, new Map(), { changes: { ...action.changes, ...part } });

// Queues a refused action again, with the actions that depend on it.
export function retry({ key, action, dependents = [] }) {
  const refused = [action, ...dependents];
  const keys = new Map(refused.map((old) => [old.key, crypto.randomUUID()]));
  return answer(key, refused.map((old) => repeated(old, keys)));
}

// Returns an action that was sent before as a new one. Its request is built again. It names other
// actions by their new keys.
function repeated(action, keys, changes) {
  const { order, key, request, sent, entry, ended, searchEntry, moved, queued, withNote, ...tapped } = action;
  // The time entry that the action is about, not one that was found for it.
  const about = ["book", "unbook"].includes(tapped.kind) && { entry };
  const references = ["start", "after"].filter((name) => keys.has(tapped[name]));
  const renamed = Object.fromEntries(references.map((name) => [name, keys.get(tapped[name])]));
  return newAction({ ...tapped, ...about, ...renamed, ...changes, key: keys.get(key) ?? crypto.randomUUID() });
}

// Queues the new actions instead of the notice. Two tabs can show the same notice: only the first
// answer counts.
const answer = (key, actions) =>
  change(async (store) => {
    if (!(await store.notices()).some((notice) => notice.key === key)) return;
    await store.deleteNotice(key);
    for (const action of actions) await store.addAction(action);
  });

// Deletes a notice. An automatic stop that it was about counts as confirmed.
export const dismiss = ({ key, timer }) =>
  change(async (store) => {
    await store.deleteNotice(key);
    if (timer?.isAutoStopped) await confirm(store, timer.id);
  });

// Stores that an automatic stop was at the right time, so that the page does not ask again.
export const confirmStop = (id) => change((store) => confirm(store, id));

async function confirm(store, id) {
  const confirmed = [...((await store.value("confirmed")) ?? []), id];
  await store.putValue("confirmed", confirmed.slice(-MAX_CONFIRMED));
}
