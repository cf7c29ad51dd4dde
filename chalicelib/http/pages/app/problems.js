// Shows what is wrong with this page: that it cannot store what the person does, with the taps that
// are only in this page, and errors that nothing else handles.

import { formatDate, formatMinutes, timeOfDay, timesOf } from "../shared/clock.js";
import { $, element, setButton, updateRows, write } from "../shared/dom.js";
import {
  deleteData, isDeletionPending, isUnreadable, retryStorage, storage, unsavedTaps,
} from "./store.js";
import { TEXTS } from "./texts.js";

// The problems that a reload of the page may solve. It would lose taps that are only in this page.
const RELOADABLE = ["silent", "failed"];

// The last error that nothing else has handled, or null.
let unexpected = null;

// The time zone of the taps.
let zone = "UTC";

export function watchProblems() {
  addEventListener("stint-storage", () => showProblems());
  addEventListener("error", ({ error, message }) => showUnexpected(error ?? { message }));
  addEventListener("unhandledrejection", ({ reason }) => showUnexpected(reason ?? new Error("unknown")));
}

function showUnexpected(error) {
  unexpected = error;
  showProblems();
}

// Shows the problems, or hides them if there are none.
export function showProblems(accountZone = zone) {
  zone = accountZone;
  const { problem } = storage;
  const actions = unsavedTaps();
  $("starting").hidden = true;
  $("problem").hidden = !problem && !unexpected;
  write($("problem-text"), sentences(problem, countOf(actions)).join(" "));
  updateRows($("unsaved"), actions, ({ key }) => key, () => element("li"), (row, action) =>
    write(row, describe(action)));
  setButton($("problem-retry"), problem && problem !== "outdated" && TEXTS.retryStorage, retryStorage);
  const isReloadable =
    unexpected || problem === "outdated" || (RELOADABLE.includes(problem) && actions.length === 0);
  setButton($("problem-reload"), isReloadable && TEXTS.reload, () => location.reload());
  setButton($("problem-delete"), (unexpected || isUnreadable()) && TEXTS.deleteData, deleteAfterQuestion);
}

function sentences(problem, count) {
  const texts = [];
  if (unexpected) texts.push(TEXTS.unexpectedError(unexpected.message ?? String(unexpected)));
  if (problem) texts.push(TEXTS.storageProblem[problem]);
  if (isDeletionPending()) texts.push(TEXTS.deletionPending);
  else if (count) texts.push(TEXTS.notStored(TEXTS.taps(count)));
  else if (problem && problem !== "deleted") texts.push(TEXTS.sentAtOnce);
  return texts;
}

// A part belongs to a tap. If that is sent already, its part still counts.
const countOf = (actions) => actions.length && Math.max(1, actions.filter(({ isPart }) => !isPart).length);

// Returns what the person entered.
export function describe(action) {
  const { kind, service, session, changes, at, started, stopped, note } = action;
  if (kind === "note") return `${TEXTS.note}: ${note}`;
  if (kind === "book" || kind === "unbook") return describeBooked(action);
  if (kind === "stop") return `${TEXTS.stop}: ${timeOfDay(at, zone)}`;
  if (kind === "start") return `${TEXTS.start}: ${service.name}, ${timeOfDay(at, zone)}`;
  const label = { edit: TEXTS.change, delete: TEXTS.delete }[kind] ?? TEXTS.add;
  const shown = { ...(session ?? { service, started, stopped }), ...changes };
  return `${label}: ${shown.service?.name ?? TEXTS.aTimer}, ${timesOf(shown, zone)}`;
}

function describeBooked({ kind, service, changes, ...entry }) {
  const { date, minutes, note } = { ...entry, ...changes };
  // Without minutes, the time of the sessions counts.
  const time = minutes !== null && formatMinutes(minutes * 60);
  const label = kind === "unbook" ? TEXTS.delete : TEXTS.change;
  return `${label}: ${[service.name, formatDate(date), time, note].filter(Boolean).join(", ")}`;
}

async function deleteAfterQuestion() {
  if (!confirm(TEXTS.deleteDataQuestion)) return;
  try {
    await deleteData();
  } finally {
    location.reload();
  }
}
