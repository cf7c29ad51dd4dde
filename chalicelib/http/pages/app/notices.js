// The notices: taps that were not recorded as the person made them, and timers that a limit stopped.

import { dateOf, timeOfDay, timesOf } from "../shared/clock.js";
import { button, element, setButton, updateRows, write } from "../shared/dom.js";
import { openEditor } from "./editor.js";
import { answersTo, questionBefore, textOfRefusal } from "./refusals.js";
import { TEXTS } from "./texts.js";

// Shows the stored notices, and those of automatic stops. `view` is what the page shows: see views.js.
export function showNotices(target, { account, notices, confirmed = [] }, view, handlers) {
  const stored = notices.map(normalize);
  const answered = new Set([...confirmed, ...stored.map((notice) => notice.timer?.id)]);
  const automatic = view.sessions
    .filter((session) => session.isAutoStopped && !answered.has(session.id))
    .map((session) => ({ key: `auto ${session.id}`, kind: "auto", timer: session }));
  updateRows(target, [...stored, ...automatic], (notice) => notice.key, noticeRow, (row, notice) => {
    const [text, buttons] = row.children;
    write(text, textOf(notice, view.zone));
    const shown = [...answersOf(notice, view), dismissal(notice, view.zone)];
    updateRows(buttons, shown, ({ kind }) => kind, button, (target, answer) => {
      if (target.dataset.label !== answer.label) setButton(target, answer.label);
      target.dataset.label = answer.label;
      target.onclick = () => ACT[answer.kind](answer, { notice, view, handlers, account, target });
    });
  });
}

const noticeRow = () => element("li", element("p"), element("div"));

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

const answersOf = (notice, view) =>
  notice.kind === "refused"
    ? answersTo(notice, view)
    : [{ kind: "form", label: TEXTS.sayEnd, session: sessionOf(notice, view) }];

// Returns the session that was stopped, with the end that the person tapped.
function sessionOf({ timer, at }, { sessions }) {
  const session = sessions.find((other) => other.id === timer.id) ?? timer;
  return { ...session, stopped: at ?? session.stopped };
}

const dismissal = (notice, zone) =>
  notice.kind === "auto"
    ? { kind: "confirm", label: TEXTS.endedThen }
    : { kind: "dismiss", label: TEXTS.dismiss, question: questionBefore(notice, zone) };

const ACT = {
  place: ({ parts }, { notice, handlers }) => handlers.place(notice, parts),
  form: ({ session }, { notice, view }) => openEditor(view, session, { noticeKey: notice.key }),
  retry: (_, { notice, handlers }) => handlers.retry(notice),
  copy: (_, { notice, view, account, target }) => copy(textToCopy(notice, view.zone, account), target),
  dismiss: ({ question }, { notice, handlers }) => {
    if (!question || confirm(question)) handlers.dismiss(notice);
  },
  confirm: (_, { notice, handlers }) => handlers.confirmStop(notice.timer.id),
};

// Returns a text that an admin understands without this page.
function textToCopy(notice, zone, account) {
  const { started, stopped, date = dateOf(started ?? stopped, zone) } = notice.session;
  return TEXTS.handOver(account.person.name, date, zone, textOf(notice, zone));
}

async function copy(text, target) {
  try {
    await navigator.clipboard.writeText(text);
    write(target, TEXTS.copied);
  } catch {
    // The browser refuses it. The person can copy it from here.
    prompt(TEXTS.copyThis, text);
  }
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
