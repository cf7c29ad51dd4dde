// The card of the running timer.

import * as clock from "../shared/clock.js";
import { $, setButton, write } from "../shared/dom.js";
import { focusHeading } from "../shared/focus.js";
import { findRunning, secondsOf } from "./day.js";
import { openEditor } from "./editor.js";
import { isSoon, limitOfRunning } from "./limits.js";
import { TEXTS } from "./texts.js";
import { showTitle } from "./title.js";

// `view` is what the page shows: see views.js.
export function showRunning(view, now) {
  const { sessions, zone, account, refreshedAt, isLoaded, error } = view;
  const running = findRunning(sessions);
  const limit = limitOfRunning(running, account, refreshedAt);
  const isSoonOver = Boolean(limit) && isSoon(limit, now);
  $("now").classList.toggle("running", Boolean(running));
  $("now").setAttribute("aria-busy", String(!isLoaded));
  write($("work"), running ? running.service.name : emptyText(isLoaded, error));
  write($("clock"), isLoaded || running ? clock.formatClock(running ? secondsOf(running, now) : 0) : "");
  write($("since"), running ? TEXTS.since(clock.dayAndTime(running.started, zone)) : isLoaded ? TEXTS.tapToStart : "");
  write($("limit"), limitText(limit, isSoonOver, now, zone));
  $("limit").classList.toggle("soon", isSoonOver);
  showTitle(running, now);
  showNote(view, running);
  // A button that is disabled loses the focus.
  if (!running && document.activeElement === $("stop")) focusHeading($("stop"));
  $("stop").disabled = !running;
}

function emptyText(isLoaded, error) {
  if (isLoaded) return TEXTS.nothingRuns;
  return error ? TEXTS.notLoaded : TEXTS.loading;
}

function showNote(view, running) {
  const note = running ? view.noteOf(running) : "";
  write($("now-note"), note);
  setButton($("change-note"), running && (note ? TEXTS.changeNote : TEXTS.addNote), () =>
    openEditor(view, running, { focus: "editor-note" }));
}

// A limit that has passed belongs to a session that the server does not know yet.
function limitText(limit, isSoonOver, now, zone) {
  if (limit === null || limit <= now) return "";
  return (isSoonOver ? TEXTS.stopsSoon : TEXTS.stopsAt)(clock.dayAndTime(limit, zone));
}
