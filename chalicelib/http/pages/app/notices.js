// The notices: taps that were not recorded as the person made them, and timers that a limit stopped.

import { timeOfDay, timesOf } from "../shared/clock.js";
import { button, element, setButton, updateRows, write } from "../shared/dom.js";
import { openEditor } from "./editor.js";
import { canMove } from "./queue.js";
import { TEXTS } from "./texts.js";

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
    const moveLabel = isMovable && TEXTS.startInstead(timeOfDay(notice.earliest, view.zone));
    setButton(move, moveLabel, () => handlers.move(notice));
    setButton(change, changeLabel(notice), () => openEditor(view, sessionOf(notice, view), { noticeKey: notice.key }));
    setButton(dismiss, notice.kind === "auto" ? TEXTS.endedThen : TEXTS.dismiss, () =>
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

const isBooked = ({ refusedKind }) => ["book", "unbook"].includes(refusedKind);

const isServiceRefused = ({ pointer }) => Boolean(pointer?.endsWith("attributes/service"));

function changeLabel(notice) {
  if (notice.kind !== "refused") return TEXTS.sayEnd;
  if (["stop", "delete"].includes(notice.refusedKind) || isBooked(notice)) return null;
  return isServiceRefused(notice) ? TEXTS.otherService : TEXTS.change;
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
  if (notice.kind === "auto") {
    return TEXTS.whenDidItEnd(notice.timer.service.name, timesOf(notice.timer, zone));
  }
  return notice.kind === "stopped" ? textOfStop(notice, zone) : textOfRefusal(notice, zone);
}

function textOfStop({ timer, at }, zone) {
  const [plain, withTap] = timer.isAutoStopped
    ? [TEXTS.wasStoppedByLimit, TEXTS.wasStoppedByLimitBefore]
    : [TEXTS.wasStopped, TEXTS.wasStoppedBefore];
  const values = [timer.service.name, timeOfDay(timer.stopped, zone)];
  return at ? withTap(...values, timeOfDay(at, zone)) : plain(...values);
}

function textOfRefusal(notice, zone) {
  const { refusedKind, session } = notice;
  const name = session.service?.name ?? TEXTS.aTimer;
  const reason = reasonOf(notice, zone);
  if (isBooked(notice)) return TEXTS.bookedNotChanged(name, session, reason);
  if (refusedKind === "stop") return TEXTS.notStopped(name, timeOfDay(session.stopped, zone), reason);
  if (refusedKind === "note") return TEXTS.noteNotSaved(name, session.note, reason);
  const result = { edit: TEXTS.notChanged, delete: TEXTS.notDeleted }[refusedKind] ?? TEXTS.notRecorded;
  return result(name, timesOf(session, zone), reason);
}

function reasonOf({ words, code, reason, conflict, ...notice }, zone) {
  if (code === "overlaps_session") {
    return conflict ? TEXTS.overlaps(conflict.service.name, timesOf(conflict, zone)) : TEXTS.overlapsAnother;
  }
  if (code === "period_closed") return TEXTS.periodClosed(reason);
  if (isServiceRefused(notice)) return TEXTS.serviceRefused[reason] ?? TEXTS.serviceRefused.other;
  // Most details of the API end with a period; "attribute is invalid" does not.
  return words.replace(/\.$/, "");
}
