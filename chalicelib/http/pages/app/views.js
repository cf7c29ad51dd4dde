// Renders the page. Other modules render its parts: running.js, services.js, week_view.js, sessions.js.

import * as clock from "../shared/clock.js";
import { $, write } from "../shared/dom.js";
import { say, stoppedBetween } from "./announce.js";
import { isAskable } from "./autostops.js";
import { applyActions, findRunning, secondsOf } from "./day.js";
import { differenceText } from "./device.js";
import { loadIfNeeded } from "./history.js";
import { endAtLimits, limitOfRunning } from "./limits.js";
import { ownerOf } from "./merge.js";
import { noteFinder } from "./notes.js";
import { showNotices } from "./notices.js";
import { toPresentClock } from "./queue.js";
import { sinceOf } from "./refresh.js";
import { showRunning } from "./running.js";
import { showServices } from "./services.js";
import { showDay, updateDay } from "./sessions.js";
import { showShortcuts } from "./shortcuts.js";
import { showStatus, tickStatus } from "./status.js";
import { TEXTS } from "./texts.js";
import { showTitle } from "./title.js";
import { applyBookings, bookedEntries, daysOf, isIn, isKnown, newestEntries } from "./week.js";
import { showWeek, shownDate, updateSums, weekOfDate } from "./week_view.js";

// What the page shows, or null before login: {account, sessions, services, zone, organizationZone,
// closedUntil, today, days, day, booked, hasBooked, noteOf, noteFor, favourites, areShortcutsOn,
// isLoaded, error, refreshedAt, limit}. `days` are those of the shown week, with their `sessions` and
// whether they are `known`; `day` is the shown one. `booked` are time entries (week.js) and `hasBooked`
// is whether they were loaded. `isLoaded` is whether the lists have arrived once, and `limit` when the running timer
// stops by itself.
let view = null;

// Shows everything again, as at the last call of `show`.
let showAgain;

// Shows the stored state, {account, actions, notices, services, timers, recent, weeks, confirmed,
// refreshedAt}, and the connection (sync.js). `handlers` has the functions of the buttons.
export function show(state, connection, handlers) {
  const isLoggedIn = Boolean(state.account) && !state.account.lockedOut;
  $("login").hidden = isLoggedIn;
  $("day").hidden = !isLoggedIn;
  const previous = view;
  view = null;
  // What a person entered is not for another one, who has logged in in another tab.
  if (!isLoggedIn || (previous && ownerOf(previous.account) !== ownerOf(state.account))) {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  }
  if (!isLoggedIn) {
    $("search-text").value = "";
    showTitle();
    showLogin(state);
    return;
  }
  view = viewOf(state, connection);
  showAgain = () => show(state, connection, handlers);
  write($("person"), state.account.person.name);
  write($("company"), state.account.organization.name);
  write($("differences"), differenceText(view.zone, clock.offset() / 1000, clock.now()));
  showStatus(state, connection, view.zone, clock.now(), handlers.sync);
  sayStopped(previous);
  const askable = view.sessions.filter((session) => isAskable(session, clock.now(), view.zone));
  showNotices($("notices"), state, { ...view, sessions: askable }, handlers);
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

function viewOf({ account, actions, timers = [], services, weeks = {}, recent, ...others }, { error }) {
  const zone = clock.zoneOf(account);
  const now = clock.now();
  const today = clock.dateOf(now, zone);
  const date = shownDate(today);
  const { refreshedAt } = others;
  const applied = applyActions(timers, actions.map(toPresentClock));
  const sessions = endAtLimits(applied, account, refreshedAt, now);
  const days = daysOf(weekOfDate(date), zone).map((day) => ({
    ...day,
    sessions: sessions.filter((session) => isIn(session, day, now)),
    known: isKnown(day, sinceOf(recent), weeks),
  }));
  const recorded = timers.filter(({ deleted }) => !deleted);
  const week = weeks[days[0].date];
  const entries = applyBookings(newestEntries(week?.entries.records ?? [], recorded), actions);
  return {
    account,
    sessions,
    services: services?.records ?? [],
    zone,
    organizationZone: account.organization.zone,
    closedUntil: account.organization.closedUntil ?? null,
    today,
    days,
    day: days.find((day) => day.date === date),
    booked: bookedEntries(entries, recorded),
    hasBooked: Boolean(week),
    favourites: others.favourites ?? [],
    areShortcutsOn: !others.shortcutsOff,
    isLoaded: Boolean(services && recent),
    error,
    refreshedAt,
    limit: limitOfRunning(findRunning(applied), account, refreshedAt),
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

const countWaiting = (actions) => actions.filter(({ isImplied, isPart }) => !isImplied && !isPart).length;

// Updates the clock, and everything else that changes with time. Called every second.
export function tick() {
  if (!view) return;
  const { sessions, zone, today, limit } = view;
  const now = clock.now();
  const running = findRunning(sessions);
  // A timer stops at its limit, and the page asks when it really ended.
  const isOver = running && !running.isNew && limit !== null && limit <= now;
  if (isOver || clock.dateOf(now, zone) !== today) {
    showAgain();
    return;
  }
  tickStatus();
  showRunning(view, now);
  updateSums(view, now);
  updateDay(view, now);
}
