// Renders the page. All content is written as text, never as markup. Only changed elements are
// updated, so that keyboard focus and screen readers keep their position.

import * as clock from "./clock.js";
import { applyActions, findRunning, secondsOf } from "./day.js";
import { canMove } from "./queue.js";

// With more services than this, the page shows a search field.
const MAX_WITHOUT_SEARCH = 8;

const $ = (id) => document.getElementById(id);

// The sessions and the time zone that the page shows, or null before login.
let displayed = null;

// Shows the stored state, {account, actions, notices, services, timers}, and the connection's error.
// `handlers` has the functions of the buttons: tap, move, dismiss.
export function show(state, connection, handlers) {
  const isLoggedIn = Boolean(state.account) && !state.account.lockedOut;
  $("login").hidden = isLoggedIn;
  $("day").hidden = !isLoggedIn;
  displayed = null;
  if (!isLoggedIn) {
    showLogin(state);
    return;
  }
  const { organization, person } = state.account;
  const sessions = applyActions(state.timers ?? [], state.actions);
  displayed = { sessions, zone: organization.zone };
  write($("person"), person.name);
  write($("company"), organization.name);
  write($("line"), statusText(state.actions.length, connection.error));
  showNotices(state.notices, sessions, organization.zone, handlers);
  showServices(state.services?.records ?? [], findRunning(sessions), handlers);
  tick();
}

function showLogin({ account, actions }) {
  if (!account) return;
  const waiting = actions.length ? ` ${countTaps(actions.length)} will be sent then.` : "";
  write($("login-hint"), `The token of ${account.person.name} is no longer valid. Log in again.${waiting}`);
}

// Most details of the API end with a period; "attribute is invalid" and the app's own texts do not.
const withoutPeriod = (text) => text.replace(/\.$/, "");

function statusText(waiting, error) {
  if (waiting === 0) return error ? `${withoutPeriod(error)}. The page may be out of date.` : "";
  const taps = countTaps(waiting);
  return error ? `${withoutPeriod(error)}. ${taps} will be sent later.` : `Sending ${taps} ...`;
}

const countTaps = (number) => (number === 1 ? "1 tap" : `${number} taps`);

// Updates the clock, and everything else that changes with time. Called every second.
export function tick() {
  if (!displayed) return;
  const { sessions, zone } = displayed;
  const now = clock.now();
  const running = findRunning(sessions);
  $("now").classList.toggle("running", Boolean(running));
  write($("work"), running ? running.service.name : "No timer is running");
  write($("clock"), clock.formatClock(running ? secondsOf(running, now) : 0));
  write($("since"), running ? `since ${clock.timeOfDay(running.started, zone)}` : "Tap a service to start.");
  $("stop").disabled = !running;
  showSessions(sessions, zone, now);
}

function showSessions(sessions, zone, now) {
  const date = clock.dateOf(now, zone);
  const today = sessions.filter((session) => clock.dateOf(session.started, zone) === date).reverse();
  write($("total"), clock.formatMinutes(today.reduce((sum, session) => sum + secondsOf(session, now), 0)));
  updateRows($("sessions"), today, (session) => session.id, sessionRow, (row, session) => {
    const end = session.stopped === null ? "now" : clock.timeOfDay(session.stopped, zone);
    const [name, times, minutes] = row.children;
    write(name, session.service.name);
    write(times, `${clock.timeOfDay(session.started, zone)} – ${end}${session.waiting ? " · waiting" : ""}`);
    write(minutes, clock.formatMinutes(secondsOf(session, now)));
    row.classList.toggle("waiting", session.waiting);
  });
}

const sessionRow = () => element("li", element("strong"), element("span"), element("b"));

const noticeRow = () => element("li", element("p"), button(), button());

function showServices(services, running, { tap }) {
  const text = $("search-text").value.trim().toLowerCase();
  $("search").hidden = services.length <= MAX_WITHOUT_SEARCH;
  const matching = services.filter((service) => service.name.toLowerCase().includes(text));
  updateRows($("services"), matching, (service) => service.id, button, (row, service) => {
    write(row, service.name);
    row.setAttribute("aria-pressed", String(running?.service.id === service.id));
    row.onclick = () => tap("start", service);
  });
}

function showNotices(notices, sessions, zone, handlers) {
  updateRows($("notices"), notices, (notice) => notice.key, noticeRow, (row, notice) => {
    const [text, move, dismiss] = row.children;
    write(text, noticeText(notice, zone));
    move.hidden = !canMove(notice, sessions);
    if (!move.hidden) write(move, `Start at ${clock.timeOfDay(notice.earliest, zone)} instead`);
    move.onclick = () => handlers.move(notice);
    write(dismiss, "Dismiss");
    dismiss.onclick = () => handlers.dismiss(notice.key);
  });
}

function noticeText({ kind, act: action, stops, timer, words: detail, pointer }, zone) {
  const time = (timestamp) => clock.timeOfDay(timestamp, zone);
  if (kind === "stopped") return `${timer.service.name} was already stopped at ${time(timer.stopped)}.`;
  const subject = action.kind === "start" ? `The start of ${action.service.name}` : "The stop";
  const itsStop = stops.length ? `, and its stop at ${time(stops[0].at)},` : "";
  const source = pointer ? ` (${pointer})` : "";
  return `${subject} at ${time(action.at)}${itsStop} was refused: ${withoutPeriod(detail)}${source}.`;
}

// Makes the children of an element match a list. Reuses the rows of items with the same key.
function updateRows(parent, items, keyOf, create, fill) {
  const unused = new Map([...parent.children].map((row) => [row.dataset.key, row]));
  items.forEach((item, index) => {
    const row = unused.get(keyOf(item)) ?? create();
    row.dataset.key = keyOf(item);
    unused.delete(keyOf(item));
    fill(row, item);
    if (parent.children[index] !== row) parent.insertBefore(row, parent.children[index] ?? null);
  });
  for (const row of unused.values()) row.remove();
}

function element(tag, ...children) {
  const created = document.createElement(tag);
  created.append(...children);
  return created;
}

function button() {
  const created = element("button");
  created.type = "button";
  return created;
}

function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
