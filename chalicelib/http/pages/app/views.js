// Renders the page: the running timer and the services. week_view.js and sessions.js render the week
// and the day.

import * as clock from "../shared/clock.js";
import { $, setButton, write } from "../shared/dom.js";
import { focusHeading } from "../shared/focus.js";
import { say, stoppedBetween } from "./announce.js";
import { applyActions, findRunning, secondsOf } from "./day.js";
import { openEditor } from "./editor.js";
import { loadIfNeeded } from "./history.js";
import { noteFinder } from "./notes.js";
import { showNotices } from "./notices.js";
import { toPresentClock } from "./queue.js";
import { sinceOf } from "./refresh.js";
import { showServices } from "./services.js";
import { showDay, updateDay } from "./sessions.js";
import { showShortcuts } from "./shortcuts.js";
import { TEXTS } from "./texts.js";
import { showTitle } from "./title.js";
import { applyBookings, bookedEntries, daysOf, isIn, isKnown, newestEntries } from "./week.js";
import { showWeek, shownDate, updateSums, weekOfDate } from "./week_view.js";

// What the page shows, or null before login: {sessions, services, zone, organizationZone, closedUntil,
// today, days, day, booked, hasBooked, noteOf, noteFor, favourites, areShortcutsOn}. `days` are those
// of the shown week, with their `sessions` and whether they are `known`; `day` is the shown one.
// `booked` are time entries (week.js) and `hasBooked` is whether they were loaded.
let view = null;

// Shows everything again, as at the last call of `show`.
let showAgain;

// Shows the stored state, {account, actions, notices, services, timers, recent, weeks, closed,
// confirmed}, and the connection's error. `handlers` has the functions of the buttons.
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
  view = viewOf(state);
  showAgain = () => show(state, connection, handlers);
  write($("person"), state.account.person.name);
  write($("company"), state.account.organization.name);
  write($("line"), statusText(countWaiting(state.actions), connection.error));
  sayStopped(previous);
  const since = sinceOf(state.recent) ?? 0;
  // Nobody is asked about the sessions of earlier weeks.
  const isRecent = ({ stopped }) => stopped === null || stopped >= since;
  showNotices($("notices"), state, { ...view, sessions: view.sessions.filter(isRecent) }, handlers);
  showServices(view, handlers);
  showShortcuts(view.areShortcutsOn);
  loadIfNeeded(state.account, view.days, state);
  const now = clock.now();
  showWeek(view, now);
  showDay(view, handlers, now);
  tick();
}

export const areShortcutsOn = () => Boolean(view?.areShortcutsOn);

function sayStopped(previous) {
  for (const session of stoppedBetween(previous?.sessions ?? [], view.sessions)) {
    say(TEXTS.stoppedAfter(session.service.name, clock.formatMinutes(secondsOf(session))));
  }
}

function viewOf({ account, actions, timers = [], services, weeks = {}, recent, closed, ...others }) {
  const zone = clock.zoneOf(account);
  const now = clock.now();
  const today = clock.dateOf(now, zone);
  const date = shownDate(today);
  const sessions = applyActions(timers, actions.map(toPresentClock));
  const days = daysOf(weekOfDate(date), zone).map((day) => ({
    ...day,
    sessions: sessions.filter((session) => isIn(session, day, now)),
    known: isKnown(day, sinceOf(recent), weeks),
  }));
  const recorded = timers.filter(({ deleted }) => !deleted);
  const week = weeks[days[0].date];
  const entries = applyBookings(newestEntries(week?.entries.records ?? [], recorded), actions);
  return {
    sessions,
    services: services?.records ?? [],
    zone,
    organizationZone: account.organization.zone,
    closedUntil: closed?.records.find(({ id }) => id === account.organization.id)?.closedUntil ?? null,
    today,
    days,
    day: days.find((day) => day.date === date),
    booked: bookedEntries(entries, recorded),
    hasBooked: Boolean(week),
    favourites: others.favourites ?? [],
    areShortcutsOn: !others.shortcutsOff,
    ...noteFinder(sessions, entries, zone),
  };
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

const countWaiting = (actions) => actions.filter(({ isImplied, isPart }) => !isImplied && !isPart).length;

// Updates the clock, and everything else that changes with time. Called every second.
export function tick() {
  if (!view) return;
  const { sessions, zone, today } = view;
  const now = clock.now();
  if (clock.dateOf(now, zone) !== today) {
    showAgain();
    return;
  }
  const running = findRunning(sessions);
  $("now").classList.toggle("running", Boolean(running));
  write($("work"), running ? running.service.name : TEXTS.nothingRuns);
  write($("clock"), clock.formatClock(running ? secondsOf(running, now) : 0));
  write($("since"), running ? TEXTS.since(clock.dayAndTime(running.started, zone)) : TEXTS.tapToStart);
  showTitle(running, now);
  // A button that is disabled loses the focus.
  if (!running && document.activeElement === $("stop")) focusHeading($("stop"));
  $("stop").disabled = !running;
  write($("now-note"), running ? view.noteOf(running) : "");
  setButton($("change-note"), running && (view.noteOf(running) ? TEXTS.changeNote : TEXTS.addNote), () =>
    openEditor(view, running, { focus: "editor-note" }));
  updateSums(view, now);
  updateDay(view, now);
}
