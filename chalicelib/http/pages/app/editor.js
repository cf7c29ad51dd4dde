// The form that adds, changes and deletes a session.

import { dateOf, localMinute, now, parseLocalMinute } from "../shared/clock.js";
import { $ } from "../shared/dom.js";
import { openDialog } from "../shared/focus.js";
import { finishForm, problemOfNote } from "./forms.js";
import { labelsOf } from "./services.js";
import { TEXTS } from "./texts.js";
import { isClosed } from "./week.js";

// What the form shows: {view, session, noticeKey, shownNote}. `session` is {} for a new one; its `id`
// is null or missing if it is not recorded. `shownNote` is the note before the person changes it.
let opened;

// `actions` has the functions save, remove and sync.
export function prepareEditor({ save, remove, sync }) {
  const finish = (storing) => finishForm($("editor"), [$("editor-save"), $("editor-delete")], storing, sync);
  $("editor-form").onsubmit = async (event) => {
    event.preventDefault();
    const values = readValues();
    const problem = problemOf(values);
    $("editor-error").textContent = problem;
    if (!problem) await finish(save(opened.session.id ?? null, values, opened.noticeKey));
  };
  $("editor-delete").onclick = async () => {
    const { session, noticeKey } = opened;
    if (confirm(TEXTS.deleteSession)) await finish(remove(session.id, noticeKey));
  };
  $("editor-cancel").onclick = () => $("editor").close();
  // Another service or day has another note. What the person wrote stays.
  $("editor-service").onchange = $("editor-start").onchange = () => {
    if (!isNoteChanged()) showNote(storedNote());
  };
}

// Opens the form with the values of a session. A `service` of null must be chosen. `noticeKey` is the
// key of the notice that the form answers, `focus` the id of the field that gets the focus.
export function openEditor(view, session = {}, { noticeKey = null, focus } = {}) {
  opened = { view, session, noticeKey };
  const isRecorded = Boolean(session.id);
  $("editor-title").textContent = isRecorded ? TEXTS.changeTitle : TEXTS.addTitle;
  $("editor-service").replaceChildren(...serviceOptions(view.services, session.service));
  $("editor-start").value = minuteText(session.started);
  $("editor-end").value = minuteText(session.stopped);
  showNote(storedNote());
  // A refused note is shown as the person wrote it.
  if (noticeKey && session.note !== undefined) $("editor-note").value = session.note;
  $("editor-error").textContent = "";
  $("editor-delete").hidden = !isRecorded;
  openDialog($("editor"));
  if (focus) $(focus).focus();
}

function showNote(note) {
  $("editor-note").value = opened.shownNote = note;
}

const isNoteChanged = () => $("editor-note").value.trim() !== opened.shownNote.trim();

// Returns the note of the time entry that the session is on: that of its service on its day.
function storedNote() {
  const { view: { sessions, zone, noteOf, noteFor }, session } = opened;
  const { service, started } = readTimes();
  if (!service || started === null) return "";
  const date = dateOf(started, zone);
  const recorded = sessions.find(({ id }) => id === session.id);
  const isSame = recorded?.service.id === service.id && dateOf(recorded.started, zone) === date;
  return isSame ? noteOf(recorded) : noteFor(service, date);
}

const minuteText = (timestamp) => (timestamp ? localMinute(timestamp, opened.view.zone) : "");

function serviceOptions(services, current) {
  const isListed = services.some((service) => service.id === current?.id);
  // The service of a recorded session may be archived meanwhile.
  const offered = current && !isListed ? [current, ...services] : services;
  const labels = labelsOf(offered);
  const options = offered.map((service) => serviceOption(service, labels, current));
  return current ? options : [new Option(TEXTS.chooseService, ""), ...options];
}

function serviceOption(service, labels, current) {
  const option = new Option(service.name, service.id, false, service.id === current?.id);
  // The label is shown, and the text remains the name.
  option.label = labels.get(service.id);
  option.dir = "auto";
  return option;
}

// Returns {service, started, stopped, note}; `note` is undefined if it is not changed.
const readValues = () =>
  ({ ...readTimes(), note: isNoteChanged() ? $("editor-note").value.trim() : undefined });

// Returns {service, started, stopped}; `stopped` is null without an end.
function readTimes() {
  const { session } = opened;
  const { value: id, selectedOptions } = $("editor-service");
  return {
    service: id ? { id, name: selectedOptions[0].text } : null,
    started: readTime($("editor-start").value, session.started, afterOtherSessions),
    stopped: readTime($("editor-end").value, session.stopped, (timestamp) => timestamp),
  };
}

// The form shows minutes. So an unchanged text stands for the exact timestamp.
function readTime(text, original, adjust) {
  if (!text) return null;
  return text === minuteText(original) ? original : adjust(parseLocalMinute(text, opened.view.zone));
}

// If another session ends within the entered minute, the start is at that end.
function afterOtherSessions(minute) {
  const { view, session } = opened;
  const ends = view.sessions
    .filter((other) => other.id !== session.id && other.stopped >= minute && other.stopped < minute + 60)
    .map((other) => other.stopped);
  return Math.max(minute, ...ends);
}

// Returns what is wrong with the values, or an empty text.
function problemOf({ service, started, stopped, note = "" }) {
  if (!service) return TEXTS.noService;
  if (started === null) return TEXTS.noStart;
  if (started > now()) return TEXTS.startInFuture;
  const { closedUntil, organizationZone } = opened.view;
  if (isClosed(closedUntil, dateOf(started, organizationZone))) return TEXTS.startIsClosed(closedUntil);
  const noteProblem = problemOfNote(note);
  if (noteProblem) return noteProblem;
  if (stopped === null) return "";
  if (stopped > now()) return TEXTS.endInFuture;
  return stopped < started ? TEXTS.endBeforeStart : "";
}
