// Time that no session has: the time entries of the shown day with time that was booked by hand, and
// the form that changes them.

import { formatMinutes } from "../shared/clock.js";
import { $, button, element, setButton, updateRows, write } from "../shared/dom.js";
import { openDialog } from "../shared/focus.js";
import { finishForm, problemOfNote } from "./forms.js";
import { TEXTS } from "./texts.js";
import { isClosed } from "./week.js";

// The API's limit of the time of an entry.
const MAX_MINUTES = 31 * 24 * 60;

// The time entry that the form shows.
let opened;

// `actions` has the functions book, unbook and sync.
export function prepareBooked({ book, unbook, sync }) {
  const dialog = $("booked-editor");
  const finish = (storing) => finishForm(dialog, [$("booked-save"), $("booked-delete")], storing, sync);
  $("booked-form").onsubmit = (event) => {
    event.preventDefault();
    const changes = readChanges();
    $("booked-error").textContent = problemOf(changes);
    if (!problemOf(changes)) finish(Object.keys(changes).length ? book(opened, changes) : null);
  };
  $("booked-delete").onclick = () => confirm(TEXTS.deleteBooked) && finish(unbook(opened));
  $("booked-cancel").onclick = () => dialog.close();
}

// Shows the booked time of a day. `entries` are those of bookedEntries in week.js.
export function showBooked(entries, { closedUntil }) {
  updateRows($("booked"), entries, ({ id }) => id, bookedRow, (row, entry) => {
    const [name, remark, minutes, change, note] = row.children;
    const { service, hasSessions, booked } = entry;
    const sign = booked < 0 ? "−" : hasSessions ? "+" : "";
    const remarks = [
      hasSessions ? TEXTS.setByHand(formatMinutes(entry.minutes * 60)) : TEXTS.bookedByHand,
      entry.waiting && TEXTS.waiting,
    ];
    write(name, service.name);
    write(remark, remarks.filter(Boolean).join(" · "));
    write(minutes, sign + formatMinutes(Math.abs(booked)));
    write(note, entry.note);
    row.classList.toggle("waiting", Boolean(entry.waiting));
    setButton(change, !isClosed(closedUntil, entry.date) && TEXTS.change, () => open(entry));
    change.setAttribute("aria-label", TEXTS.changeOf(service.name, remarks[0]));
  });
}

const bookedRow = () =>
  element("li", nameElement(), element("span"), element("b"), button(), noteElement());

// The direction of a text that people wrote may differ from that of the page.
export function nameElement() {
  const name = element("strong");
  name.dir = "auto";
  return name;
}

export function noteElement() {
  const note = element("p");
  note.className = "note";
  note.dir = "auto";
  return note;
}

function open(entry) {
  opened = entry;
  write($("booked-title"), entry.service.name);
  write($("booked-hint"), entry.hasSessions ? TEXTS.emptyIsSessions : "");
  $("booked-minutes").value = entry.minutes;
  $("booked-note").value = entry.note;
  $("booked-error").textContent = "";
  // The sessions of an entry would be deleted with it.
  $("booked-delete").hidden = entry.hasSessions;
  openDialog($("booked-editor"));
}

// Returns what the person changed, of {minutes, note}. `minutes` is null for the time of the sessions.
function readChanges() {
  const [minutes, note] = [$("booked-minutes").value, $("booked-note").value.trim()];
  return {
    ...(minutes !== String(opened.minutes) && { minutes: minutes === "" ? null : Number(minutes) }),
    ...(note !== opened.note.trim() && { note }),
  };
}

function problemOf({ minutes = 0, note = "" }) {
  const isMissing = minutes === null && !opened.hasSessions;
  const isPossible = minutes === null || (Number.isInteger(minutes) && minutes >= 0 && minutes <= MAX_MINUTES);
  if (isMissing || !isPossible) return TEXTS.wrongMinutes(MAX_MINUTES);
  return problemOfNote(note);
}
