// Renders the page: the running timer, the services and the sessions.

import * as clock from "../shared/clock.js";
import { $, button, element, setButton, updateRows, write } from "../shared/dom.js";
import { applyActions, findRunning, reachesInto, secondsOf } from "./day.js";
import { openEditor } from "./editor.js";
import { showNotices } from "./notices.js";
import { toPresentClock } from "./queue.js";

// With more services than this, the page shows a search field.
const MAX_WITHOUT_SEARCH = 8;

// What the page shows, {sessions, services, zone}, or null before login.
let view = null;

// Shows the stored state, {account, actions, notices, services, timers, confirmed}, and the
// connection's error. `handlers` has the functions of the buttons.
export function show(state, connection, handlers) {
  const isLoggedIn = Boolean(state.account) && !state.account.lockedOut;
  $("login").hidden = isLoggedIn;
  $("day").hidden = !isLoggedIn;
  view = null;
  if (!isLoggedIn) {
    $("editor").close();
    showLogin(state);
    return;
  }
  view = {
    sessions: applyActions(state.timers ?? [], state.actions.map(toPresentClock)),
    services: state.services?.records ?? [],
    zone: clock.zoneOf(state.account),
  };
  write($("person"), state.account.person.name);
  write($("company"), state.account.organization.name);
  write($("line"), statusText(countWaiting(state.actions), connection.error));
  showNotices($("notices"), state, view, handlers);
  showServices(handlers);
  setButton($("add"), "Add a session", () => openEditor(view));
  tick();
}

function showLogin({ account, actions }) {
  if (!account) return;
  const count = countWaiting(actions);
  const waiting = count ? ` ${countTaps(count)} will be sent then.` : "";
  write($("login-hint"), `The token of ${account.person.name} is no longer valid. Log in again.${waiting}`);
}

// Most details of the API end with a period; "attribute is invalid" and the app's own texts do not.
const withoutPeriod = (text) => text.replace(/\.$/, "");

function statusText(waiting, error) {
  if (waiting === 0) return error ? `${withoutPeriod(error)}. The page may be out of date.` : "";
  const taps = countTaps(waiting);
  return error ? `${withoutPeriod(error)}. ${taps} will be sent later.` : `Sending ${taps} ...`;
}

const countWaiting = (actions) => actions.filter((action) => !action.isImplied).length;

const countTaps = (number) => (number === 1 ? "1 tap" : `${number} taps`);

// Updates the clock, and everything else that changes with time. Called every second.
export function tick() {
  if (!view) return;
  const { sessions, zone } = view;
  const now = clock.now();
  const running = findRunning(sessions);
  $("now").classList.toggle("running", Boolean(running));
  write($("work"), running ? running.service.name : "No timer is running");
  write($("clock"), clock.formatClock(running ? secondsOf(running, now) : 0));
  write($("since"), running ? `since ${clock.dayAndTime(running.started, zone)}` : "Tap a service to start.");
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

const sessionRow = () =>
  element("li", element("strong"), element("span"), element("b"), button());

function fillRow(row, session, now, midnight) {
  const [name, times, minutes, change] = row.children;
  const { service, waiting, isAutoStopped } = session;
  const isFromYesterday = session.started < midnight && reachesInto(session, midnight);
  const remarks = [
    clock.timesOf(session, view.zone),
    isFromYesterday && `${clock.formatMinutes(secondsOf(session, now, midnight))} today`,
    isAutoStopped && "stopped by a limit",
    waiting && "waiting",
  ];
  write(name, service.name);
  write(times, remarks.filter(Boolean).join(" · "));
  write(minutes, clock.formatMinutes(secondsOf(session, now)));
  row.classList.toggle("waiting", waiting);
  setButton(change, "Change", () => openEditor(view, session));
  change.setAttribute("aria-label", `Change ${service.name}, ${clock.timesOf(session, view.zone)}`);
}

function showServices({ tap }) {
  const text = $("search-text").value.trim().toLowerCase();
  $("search").hidden = view.services.length <= MAX_WITHOUT_SEARCH;
  const matching = view.services.filter((service) => service.name.toLowerCase().includes(text));
  const running = findRunning(view.sessions);
  updateRows($("services"), matching, (service) => service.id, button, (row, service) => {
    write(row, service.name);
    row.setAttribute("aria-pressed", String(running?.service.id === service.id));
    row.onclick = () => tap("start", service);
  });
}
