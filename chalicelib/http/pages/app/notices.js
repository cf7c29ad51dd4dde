// The notices: taps that were not recorded as the person made them, and timers that a limit stopped.

import { timeOfDay, timesOf } from "../shared/clock.js";
import { button, element, setButton, updateRows, write } from "../shared/dom.js";
import { openEditor } from "./editor.js";
import { canMove } from "./queue.js";

const REASONS = {
  archived: "this service is archived",
  time_tracking_disabled: "this service takes no time",
  unknown: "this service no longer exists",
};

// Shows the stored notices, and those of automatic stops. `view` is what the page shows: see views.js.
export function showNotices(target, { notices, confirmed = [] }, view, handlers) {
  const stored = notices.map(normalize);
  const answered = new Set([...confirmed, ...stored.map((notice) => notice.timer?.id)]);
  const automatic = view.sessions
    .filter((session) => session.isAutoStopped && !answered.has(session.id))
    .map((session) => ({ key: `auto ${session.id}`, kind: "auto", timer: session }));
  updateRows(target, [...stored, ...automatic], (notice) => notice.key, noticeRow, (row, notice) => {
    const [text, move, change, dismiss] = row.children;
    write(text, textOf(notice, view.zone));
    const isMovable = canMove(notice, view.sessions);
    const moveLabel = isMovable && `Start at ${timeOfDay(notice.earliest, view.zone)} instead`;
    setButton(move, moveLabel, () => handlers.move(notice));
    setButton(change, changeLabel(notice), () => openEditor(view, sessionOf(notice, view), notice.key));
    setButton(dismiss, notice.kind === "auto" ? "It ended then" : "Dismiss", () =>
      notice.kind === "auto" ? handlers.confirmStop(notice.timer.id) : handlers.dismiss(notice.key));
  });
}

const noticeRow = () => element("li", element("p"), button(), button(), button());

// Converts a notice that an earlier version of this page stored.
function normalize(notice) {
  const { kind, session, act, stops = [] } = notice;
  if (kind !== "refused" || session || !act) return notice;
  const stopped = stops[0]?.at ?? null;
  const old = act.kind === "start"
    ? { id: null, service: act.service, started: act.at, stopped }
    : { id: act.timer, stopped: act.at };
  return { ...notice, refusedKind: act.kind, session: old };
}

const isServiceRefused = ({ pointer }) => Boolean(pointer?.endsWith("attributes/service"));

function changeLabel(notice) {
  if (notice.kind !== "refused") return "Say when it ended";
  if (["stop", "delete"].includes(notice.refusedKind)) return null;
  return isServiceRefused(notice) ? "Choose another service" : "Change";
}

// Returns the session that the form shows: what the person entered, or what was recorded.
function sessionOf(notice, { sessions }) {
  if (notice.kind === "refused") {
    return isServiceRefused(notice) ? { ...notice.session, service: null } : notice.session;
  }
  const session = sessions.find((other) => other.id === notice.timer.id) ?? notice.timer;
  return { ...session, stopped: notice.at ?? session.stopped };
}

function textOf(notice, zone) {
  const { kind, timer, at } = notice;
  if (kind === "auto") {
    return `${timer.service.name}, ${timesOf(timer, zone)}, was stopped by a limit. When did it really end?`;
  }
  if (kind === "stopped") {
    const how = timer.isAutoStopped ? "was stopped by a limit" : "was already stopped";
    const tapped = at ? `, before your stop at ${timeOfDay(at, zone)}` : "";
    return `${timer.service.name} ${how} at ${timeOfDay(timer.stopped, zone)}${tapped}.`;
  }
  return `${subjectOf(notice, zone)} ${reasonOf(notice, zone)}.`;
}

function subjectOf({ refusedKind, session }, zone) {
  const name = session.service?.name ?? "A timer";
  if (refusedKind === "stop") return `${name} was not stopped at ${timeOfDay(session.stopped, zone)}:`;
  const result = { edit: "was not changed", delete: "was not deleted" }[refusedKind] ?? "was not recorded";
  return `${name}, ${timesOf(session, zone)}, ${result}:`;
}

function reasonOf({ words, code, reason, conflict, ...notice }, zone) {
  if (code === "overlaps_session") {
    const other = conflict ? `${conflict.service.name}, ${timesOf(conflict, zone)}` : "another session";
    return `it overlaps ${other}`;
  }
  if (code === "period_closed") return `the time up to ${reason} is closed, and only an admin can open it`;
  if (isServiceRefused(notice)) return REASONS[reason] ?? "this service is not available";
  // Most details of the API end with a period; "attribute is invalid" does not.
  return words.replace(/\.$/, "");
}
