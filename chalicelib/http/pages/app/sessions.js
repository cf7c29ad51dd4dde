// Renders the shown day and its sessions.

import * as clock from "../shared/clock.js";
import { $, button, element, setButton, updateRows, write } from "../shared/dom.js";
import { nameElement, noteElement, showBooked } from "./booked.js";
import { findRunning, secondsOf } from "./day.js";
import { openEditor } from "./editor.js";
import { isLoading } from "./history.js";
import { TEXTS } from "./texts.js";
import { isClosed, proposeTimes, secondsIn, secondsOfDay } from "./week.js";
import { nameOfDay } from "./week_view.js";

// Shows the day of `view`: see views.js.
export function showDay(view, handlers, now) {
  const { day, today, booked } = view;
  write($("day-name"), day.date === today ? TEXTS.today : nameOfDay(day.date));
  write($("day-state"), stateOf(view));
  updateRows($("sessions"), [...day.sessions].reverse(), rowKey, sessionRow, (row, session) =>
    fillRow(row, session, view, handlers, now));
  showBooked(booked.filter(({ date }) => date === day.date), view);
  const canAdd = day.date <= today && !isClosed(view.closedUntil, day.date);
  setButton($("add"), canAdd && TEXTS.add, () =>
    openEditor(view, proposeTimes(day, day.sessions, clock.now(), view.zone)));
  updateDay(view, now);
}

// Updates what grows while a timer runs.
export function updateDay(view, now) {
  const { day, booked } = view;
  write($("total"), day.known ? clock.formatMinutes(secondsOfDay(day, day.sessions, booked, now)) : "");
  const running = findRunning(day.sessions);
  const row = running && [...$("sessions").children].find(({ dataset }) => dataset.key === rowKey(running));
  if (row) fillTimes(row, running, view, now);
}

function stateOf({ day, hasBooked, closedUntil }) {
  const texts = [
    isClosed(closedUntil, day.date) && TEXTS.dayClosed,
    !day.known && (isLoading() ? TEXTS.loadingWeek : TEXTS.dayNotLoaded),
    day.known && !hasBooked && !isLoading() && TEXTS.bookedNotLoaded,
  ];
  return texts.filter(Boolean).join(" ");
}

// A new session keeps its row, and the keyboard focus, when it gets its id.
const rowKey = (session) => session.key ?? session.id;

function sessionRow() {
  const actions = element("div", button(), button());
  actions.className = "actions";
  return element("li", nameElement(), element("span"), element("b"), actions, noteElement());
}

function fillRow(row, session, view, handlers, now) {
  const [name, , , actions, note] = row.children;
  const [resume, change] = actions.children;
  const { service } = session;
  const times = clock.timesOf(session, view.zone, view.day.date);
  write(name, service.name);
  write(note, view.noteOf(session));
  row.classList.toggle("waiting", session.waiting);
  setButton(resume, canContinue(session, view) && "▶\uFE0E", () =>
    handlers.tap("start", service, view.noteOf(session)));
  resume.setAttribute("aria-label", TEXTS.continueOf(service.name));
  setButton(change, !isLocked(session, view) && TEXTS.change, () => openEditor(view, session));
  change.setAttribute("aria-label", TEXTS.changeOf(service.name, times));
  fillTimes(row, session, view, now);
}

function fillTimes(row, session, view, now) {
  const [, times, minutes] = row.children;
  const { day, today } = view;
  const [part, whole] = [secondsIn(session, day, now), secondsOf(session, now)];
  const ofDay = day.date === today ? TEXTS.ofToday : TEXTS.ofThisDay;
  const remarks = [
    clock.timesOf(session, view.zone, day.date),
    part < whole && ofDay(clock.formatMinutes(part)),
    session.isAutoStopped && TEXTS.stoppedByLimit,
    session.waiting && TEXTS.waiting,
  ];
  write(times, remarks.filter(Boolean).join(" · "));
  write(minutes, clock.formatMinutes(whole));
}

function canContinue({ stopped, service }, { sessions, services }) {
  const isOffered = services.some(({ id }) => id === service.id);
  return stopped !== null && isOffered && findRunning(sessions)?.service.id !== service.id;
}

const isLocked = ({ started, entry }, { closedUntil, organizationZone }) =>
  isClosed(closedUntil, clock.dateOf(started, organizationZone), entry?.date);
