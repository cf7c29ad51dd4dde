// The status line: what waits, since when, what the page shows, and when the next try is.

import { dayAndTime, formatDuration } from "../shared/clock.js";
import { $, setButton, write } from "../shared/dom.js";
import { TEXTS } from "./texts.js";

// A page that was loaded longer ago says so while it loads.
const OLD_SECONDS = 10 * 60;

let showAgain = null;

// `connection` is {error, nextTry, isPaused, isRunning}: see sync.js.
export function showStatus(state, connection, zone, now, sync) {
  showAgain = () => {
    write($("line"), statusText(state, connection, zone, now));
    showRetry(connection, sync);
  };
  showAgain();
}

// Updates what changes with time. Called every second.
export const tickStatus = () => showAgain?.();

// Returns the text. It does not change from second to second, so that screen readers say it once.
export function statusText({ actions, timers, refreshedAt }, { error, isRunning }, zone, now) {
  const taps = actions.filter((action) => !action.isImplied && !action.isPart);
  if (!error) {
    if (taps.length) return TEXTS.sending(TEXTS.taps(taps.length));
    const isOld = refreshedAt && now - refreshedAt > OLD_SECONDS;
    return isOld && isRunning ? [TEXTS.asOf(dayAndTime(refreshedAt, zone)), TEXTS.updating].join(" ") : "";
  }
  const age = refreshedAt ? TEXTS.asOf(dayAndTime(refreshedAt, zone)) : timers && TEXTS.outOfDate;
  return [error, taps.length && waitingText(taps, zone), age].filter(Boolean).join(" ");
}

function waitingText(taps, zone) {
  const times = taps.map(({ queued, at }) => queued ?? at).filter(Boolean);
  const count = TEXTS.taps(taps.length);
  return times.length ? TEXTS.sentLaterSince(count, dayAndTime(Math.min(...times), zone)) : TEXTS.sentLater(count);
}

function showRetry({ error, nextTry, isPaused, isRunning }, sync) {
  const [text, tryNow] = $("retry").children;
  const seconds = Math.ceil((nextTry - performance.now()) / 1000);
  const isWaiting = seconds > 0 && !isRunning;
  write(text, isWaiting ? TEXTS.nextTry(formatDuration(seconds)) : TEXTS.trying);
  // The server has said how long to wait.
  setButton(tryNow, error && isWaiting && !isPaused && TEXTS.tryNow, sync);
  // After the button, which passes the focus on.
  $("retry").hidden = !error;
}
