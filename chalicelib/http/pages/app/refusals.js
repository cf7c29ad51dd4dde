// Refused actions: why, and what the person can do about each. Pure functions.
//
// A refusal is a notice {kind: "refused", refusedKind, session, code, pointer, words, reason, conflict,
// earliest, action, dependents}. `session` is the session as the person entered it, and `words` are the
// server's. Notices of earlier versions have no `action`.

import { formatDate, now as presentTime, timeOfDay, timesOf } from "../shared/clock.js";
import { freeParts } from "./gaps.js";
import { asSentences, quoteOf, reasonOf, valueOf } from "./messages.js";
import { TEXTS } from "./texts.js";

const MAX_SECONDS = 31 * 24 * 60 * 60;

const isServiceRefused = ({ pointer }) => valueOf(pointer) === "service";

const isBooked = (kind) => kind === "book" || kind === "unbook";

const isNew = ({ session }) => !session.id;

// Returns whether a refused session no longer exists on the server, so that only a new one can have
// its time.
const isGone = ({ code, refusedKind }) =>
  code === "record_not_found" && ["edit", "stop"].includes(refusedKind);

const hasTimes = ({ started, stopped }) => started !== undefined && stopped !== undefined;

// Returns the sentences that say what was refused and why.
export function textOfRefusal(notice, zone, now = presentTime()) {
  const { refusedKind, session, words } = notice;
  const name = session.service?.name ?? TEXTS.aTimer;
  const ownReason = specialReason(notice, zone, now);
  const quote = ownReason ? "" : quoteOf({ ...notice, message: words });
  return asSentences(sentenceOf(refusedKind, name, session, ownReason || reasonOf(notice), zone), quote);
}

function sentenceOf(kind, name, session, reason, zone) {
  if (isBooked(kind)) return TEXTS.bookedNotChanged(name, session, reason);
  if (kind === "note") return TEXTS.noteNotSaved(name, session.note, reason);
  if (kind === "stop" || !hasTimes(session)) {
    return TEXTS.notStopped(name, timeOfDay(session.stopped ?? session.started, zone), reason);
  }
  const write = { edit: TEXTS.notChanged, delete: TEXTS.notDeleted }[kind] ?? TEXTS.notRecorded;
  return write(name, timesOf(session, zone), reason);
}

// Returns the reason with the values of this refusal, or "" if its code says all.
function specialReason(notice, zone, now) {
  const { code, reason, conflict } = notice;
  if (code === "overlaps_session") {
    return conflict ? TEXTS.overlaps(conflict.service.name, timesOf(conflict, zone)) : TEXTS.overlapsAnother;
  }
  if (code === "period_closed") return TEXTS.periodClosed(formatDate(reason));
  if (isServiceRefused(notice)) return TEXTS.serviceRefused[reason] ?? TEXTS.serviceRefused.other;
  return timeReason(notice, now);
}

// Returns what is wrong with the times, or "". The server says it in words only.
function timeReason({ code, pointer, session: { started, stopped } }, now) {
  if (code !== "invalid_attribute" || valueOf(pointer) !== "time") return "";
  if (started > now) return TEXTS.timeRefused.startInFuture;
  if (stopped === null) return now - started > MAX_SECONDS ? TEXTS.timeRefused.tooOld : "";
  if (stopped < started) return TEXTS.timeRefused.endBeforeStart;
  if (stopped > now) return TEXTS.timeRefused.endInFuture;
  return stopped - started > MAX_SECONDS ? TEXTS.timeRefused.tooLong : "";
}

// Returns what the person can do, the best first: {kind, label, ...}. The kinds:
//   place  {parts}: record the session at other times
//   form   {session}: open the form with what the person entered
//   retry  send it again
//   copy   copy it as text, for example for an admin
// Each keeps the time that the person entered.
export function answersTo(notice, view, now = presentTime()) {
  return [placeAnswer(notice, view, now), formAnswer(notice), retryAnswer(notice), copyAnswer()].filter(Boolean);
}

function placeAnswer(notice, { sessions, zone }, now) {
  const { session, conflict, earliest, action } = notice;
  const isPossible = isNew(notice) || (notice.refusedKind === "edit" && action);
  if (notice.code !== "overlaps_session" || !isPossible || !hasTimes(session)) return null;
  const others = [...sessions, ...(conflict ? [conflict] : []), ...untilEarliest(session, earliest)];
  const parts = freeParts(session, others, now);
  const isUnchanged = parts[0]?.started === session.started && parts[0].stopped === session.stopped;
  // A session that is recorded already stays one session.
  if (!parts.length || isUnchanged || (parts.length > 1 && !isNew(notice))) return null;
  return { kind: "place", label: labelOfParts(parts, session, zone), parts };
}

// The server may know of a session in the way that the page does not know.
const untilEarliest = ({ started }, earliest) =>
  earliest > started ? [{ id: undefined, started, stopped: earliest }] : [];

function labelOfParts(parts, session, zone) {
  const [{ started, stopped }] = parts;
  if (parts.length === 1 && stopped === session.stopped) return TEXTS.startInstead(timeOfDay(started, zone));
  if (parts.length === 1 && started === session.started) return TEXTS.endInstead(timeOfDay(stopped, zone));
  return TEXTS.recordParts(parts.map((part) => timesOf(part, zone)).join(", "));
}

function formAnswer(notice) {
  const { refusedKind, session, code } = notice;
  if (refusedKind === "delete" || isBooked(refusedKind)) return null;
  if (isGone(notice)) return { kind: "form", label: TEXTS.recordAgain, session: { ...session, id: null } };
  // A stop of a timer that the page does not know.
  if (!hasTimes(session) || !session.service) return null;
  if (isServiceRefused(notice)) {
    return { kind: "form", label: TEXTS.otherService, session: { ...session, service: null } };
  }
  if (refusedKind === "note") return { kind: "form", label: TEXTS.change, session };
  const isTime = ["overlaps_session", "period_closed"].includes(code) || valueOf(notice.pointer) === "time";
  return { kind: "form", label: isTime ? TEXTS.otherTimes : TEXTS.change, session };
}

// The same request cannot succeed later if its times are wrong, or if its record is gone.
function retryAnswer(notice) {
  const isFinal = notice.code === "overlaps_session" || isGone(notice) ||
    (notice.code === "invalid_attribute" && valueOf(notice.pointer) === "time");
  return notice.action && !isFinal ? { kind: "retry", label: TEXTS.tryAgain } : null;
}

const copyAnswer = () => ({ kind: "copy", label: TEXTS.copy });

// Returns the question before a refusal is dismissed, or "" if no work is lost.
export function questionBefore({ kind, refusedKind, session }, zone) {
  if (kind !== "refused" || refusedKind === "delete") return "";
  if ((session.id && refusedKind !== "stop") || refusedKind === "note") return TEXTS.dropChange;
  const name = session.service?.name ?? TEXTS.aTimer;
  return hasTimes(session) ? TEXTS.dropSession(name, timesOf(session, zone)) : TEXTS.dropChange;
}
