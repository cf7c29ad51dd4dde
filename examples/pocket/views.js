// The page: everything is written as text, never as markup, and only what changes is touched, so
// that focus and screen readers stay where they are.

import * as clock from "./clock.js";
import { project, runningOf, secondsOf } from "./day.js";
import { couldMove } from "./queue.js";

const MANY = 8;

const $ = (id) => document.getElementById(id);
let shown = null;

// Shows what is kept: {account, acts, notices, services, timers}, and what became of the line.
// `does` has what buttons do: tap, move, dismiss.
export function show(kept, line, does) {
  const inside = Boolean(kept.account) && !kept.account.lockedOut;
  $("login").hidden = inside;
  $("day").hidden = !inside;
  shown = null;
  if (!inside) {
    showLogin(kept);
    return;
  }
  const { organization, person } = kept.account;
  const sessions = project(kept.timers ?? [], kept.acts);
  shown = { sessions, zone: organization.zone };
  write($("person"), person.name);
  write($("company"), organization.name);
  write($("line"), lineWords(kept.acts.length, line.away));
  showNotices(kept.notices, sessions, organization.zone, does);
  showServices(kept.services?.records ?? [], runningOf(sessions), does);
  tick();
}

function showLogin({ account, acts }) {
  if (!account) return;
  const waiting = acts.length ? ` ${count(acts.length)} will be sent then.` : "";
  write($("login-hint"), `The token of ${account.person.name} is not taken any more. Log in again.${waiting}`);
}

// The API's details end with a full stop; "attribute is invalid" and the app's own texts do not.
const withoutStop = (text) => text.replace(/\.$/, "");

function lineWords(waiting, away) {
  if (waiting === 0) return away ? `${withoutStop(away)}. What you see may be old.` : "";
  return away ? `${withoutStop(away)}. ${count(waiting)} will be sent later.` : `Sending ${count(waiting)} ...`;
}

const count = (number) => (number === 1 ? "1 tap" : `${number} taps`);

// What changes by itself: called every second.
export function tick() {
  if (!shown) return;
  const { sessions, zone } = shown;
  const now = clock.now();
  const running = runningOf(sessions);
  $("now").classList.toggle("running", Boolean(running));
  write($("work"), running ? running.service.name : "Nothing runs");
  write($("clock"), clock.ticking(running ? secondsOf(running, now) : 0));
  write($("since"), running ? `since ${clock.timeOfDay(running.started, zone)}` : "Tap a service to start.");
  $("stop").disabled = !running;
  showSessions(sessions, zone, now);
}

function showSessions(sessions, zone, now) {
  const day = clock.dateOf(now, zone);
  const today = sessions.filter((it) => clock.dateOf(it.started, zone) === day).reverse();
  write($("total"), clock.inMinutes(today.reduce((sum, it) => sum + secondsOf(it, now), 0)));
  rows($("sessions"), today, (it) => it.id, sessionRow, (row, it) => {
    const end = it.stopped === null ? "now" : clock.timeOfDay(it.stopped, zone);
    const [name, times, minutes] = row.children;
    write(name, it.service.name);
    write(times, `${clock.timeOfDay(it.started, zone)} – ${end}${it.waiting ? " · waiting" : ""}`);
    write(minutes, clock.inMinutes(secondsOf(it, now)));
    row.classList.toggle("waiting", it.waiting);
  });
}

const sessionRow = () => element("li", element("strong"), element("span"), element("b"));

const noticeRow = () => element("li", element("p"), button(), button());

function showServices(services, running, { tap }) {
  const words = $("words").value.trim().toLowerCase();
  $("search").hidden = services.length <= MANY;
  const found = services.filter((it) => it.name.toLowerCase().includes(words));
  rows($("services"), found, (it) => it.id, button, (row, it) => {
    write(row, it.name);
    row.setAttribute("aria-pressed", String(running?.service.id === it.id));
    row.onclick = () => tap("start", it);
  });
}

function showNotices(notices, sessions, zone, does) {
  rows($("notices"), notices, (it) => it.key, noticeRow, (row, notice) => {
    const [text, move, dismiss] = row.children;
    write(text, noticeWords(notice, zone));
    move.hidden = !couldMove(notice, sessions);
    if (!move.hidden) write(move, `Start at ${clock.timeOfDay(notice.earliest, zone)} instead`);
    move.onclick = () => does.move(notice);
    write(dismiss, "Dismiss");
    dismiss.onclick = () => does.dismiss(notice.key);
  });
}

function noticeWords({ kind, act, stops, timer, words, pointer }, zone) {
  const at = (instant) => clock.timeOfDay(instant, zone);
  if (kind === "stopped") return `${timer.service.name} had been stopped already, at ${at(timer.stopped)}.`;
  const what = act.kind === "start" ? `The start of ${act.service.name}` : "The stop";
  const also = stops.length ? `, and its stop at ${at(stops[0].at)},` : "";
  const place = pointer ? ` (${pointer})` : "";
  return `${what} at ${at(act.at)}${also} was refused: ${withoutStop(words)}${place}.`;
}

// Makes an element's children those of a list, each known by its key; those that stay are kept.
function rows(parent, items, keyOf, make, fill) {
  const before = new Map([...parent.children].map((it) => [it.dataset.key, it]));
  items.forEach((item, at) => {
    const row = before.get(keyOf(item)) ?? make();
    row.dataset.key = keyOf(item);
    before.delete(keyOf(item));
    fill(row, item);
    if (parent.children[at] !== row) parent.insertBefore(row, parent.children[at] ?? null);
  });
  for (const gone of before.values()) gone.remove();
}

function element(tag, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}

function button() {
  const made = element("button");
  made.type = "button";
  return made;
}

function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
