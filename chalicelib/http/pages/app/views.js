// Renders the page: the running timer and the sessions.

import * as clock from "../shared/clock.js";
import { $, button, element, setButton, updateRows, write } from "../shared/dom.js";
import { focusHeading } from "../shared/focus.js";
import { say, stoppedBetween } from "./announce.js";
import { applyActions, findRunning, reachesInto, secondsOf } from "./day.js";
import { openEditor } from "./editor.js";
import { showNotices } from "./notices.js";
import { toPresentClock } from "./queue.js";
import { showServices } from "./services.js";
import { showShortcuts } from "./shortcuts.js";
import { TEXTS } from "./texts.js";
import { showTitle } from "./title.js";

// What the page shows, {sessions, services, zone, favourites, areShortcutsOn}, or null before login.
let view = null;

// Shows the stored state, {account, actions, notices, services, timers, confirmed}, and the
// connection's error. `handlers` has the functions of the buttons.
export function show(state, connection, handlers) {
  const isLoggedIn = Boolean(state.account) && !state.account.lockedOut;
  $("login").hidden = isLoggedIn;
  $("day").hidden = !isLoggedIn;
  const previous = view;
  view = null;
  if (!isLoggedIn) {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    $("search-text").value = "";
    showTitle();
    showLogin(state);
    return;
  }
  view = {
    sessions: applyActions(state.timers ?? [], state.actions.map(toPresentClock)),
    services: state.services?.records ?? [],
    zone: clock.zoneOf(state.account),
    favourites: state.favourites ?? [],
    areShortcutsOn: !state.shortcutsOff,
  };
  sayStopped(previous);
  write($("person"), state.account.person.name);
  write($("company"), state.account.organization.name);
  write($("line"), statusText(countWaiting(state.actions), connection.error));
  showNotices($("notices"), state, view, handlers);
  showServices(view, handlers);
  showShortcuts(view.areShortcutsOn);
  setButton($("add"), TEXTS.add, () => openEditor(view));
  tick();
}

export const areShortcutsOn = () => Boolean(view?.areShortcutsOn);

function sayStopped(previous) {
  for (const session of stoppedBetween(previous?.sessions ?? [], view.sessions)) {
    say(TEXTS.stoppedAfter(session.service.name, clock.formatMinutes(secondsOf(session))));
  }
}

function showLogin({ account, actions }) {
  const count = countWaiting(actions);
  const texts = account
    ? [account.token ? TEXTS.tokenEnded(account.person.name) : TEXTS.loginHint, count ? TEXTS.sentThen(TEXTS.taps(count)) : ""]
    : [TEXTS.loginHint];
  write($("login-hint"), texts.join(" ").trim());
}

function statusText(waiting, error) {
  if (waiting === 0) return error ? `${error} ${TEXTS.outOfDate}` : "";
  const taps = TEXTS.taps(waiting);
  return error ? `${error} ${TEXTS.sentLater(taps)}` : TEXTS.sending(taps);
}

const countWaiting = (actions) => actions.filter((action) => !action.isImplied).length;

// Updates the clock, and everything else that changes with time. Called every second.
export function tick() {
  if (!view) return;
  const { sessions, zone } = view;
  const now = clock.now();
  const running = findRunning(sessions);
  $("now").classList.toggle("running", Boolean(running));
  write($("work"), running ? running.service.name : TEXTS.nothingRuns);
  write($("clock"), clock.formatClock(running ? secondsOf(running, now) : 0));
  write($("since"), running ? TEXTS.since(clock.dayAndTime(running.started, zone)) : TEXTS.tapToStart);
  showTitle(running, now);
  // A button that is disabled loses the focus.
  if (!running && document.activeElement === $("stop")) focusHeading($("stop"));
  $("stop").disabled = !running;
  showSessions(sessions, zone, now);
}

function showSessions(sessions, zone, now) {
  const midnight = clock.startOfDay(now, zone);
  const newestFirst = [...sessions].reverse();
  const today = newestFirst.filter((session) => reachesInto(session, midnight));
  const earlier = newestFirst.filter((session) => !reachesInto(session, midnight));
  const total = today.reduce((sum, session) => sum + secondsOf(session, now, midnight), 0);
  write($("total"), clock.formatMinutes(total));
  $("earlier").hidden = earlier.length === 0;
  for (const [list, listed] of [[$("sessions"), today], [$("earlier-sessions"), earlier]]) {
    updateRows(list, listed, rowKey, sessionRow, (row, session) => fillRow(row, session, now, midnight));
  }
}

// A new session keeps its row, and the keyboard focus, when it gets its id.
const rowKey = (session) => session.key ?? session.id;

function sessionRow() {
  const name = element("strong");
  name.dir = "auto";
  return element("li", name, element("span"), element("b"), button());
}

function fillRow(row, session, now, midnight) {
  const [name, times, minutes, change] = row.children;
  const { service, waiting, isAutoStopped } = session;
  const isFromYesterday = session.started < midnight && reachesInto(session, midnight);
  const remarks = [
    clock.timesOf(session, view.zone),
    isFromYesterday && TEXTS.ofToday(clock.formatMinutes(secondsOf(session, now, midnight))),
    isAutoStopped && TEXTS.stoppedByLimit,
    waiting && TEXTS.waiting,
  ];
  write(name, service.name);
  write(times, remarks.filter(Boolean).join(" · "));
  write(minutes, clock.formatMinutes(secondsOf(session, now)));
  row.classList.toggle("waiting", waiting);
  setButton(change, TEXTS.change, () => openEditor(view, session));
  change.setAttribute("aria-label", TEXTS.changeOf(service.name, clock.timesOf(session, view.zone)));
}
