// Says what happened, for people who do not see the page: a status message for screen readers.

import { $ } from "../shared/dom.js";
import { findSession } from "./day.js";

// Returns the sessions that ran in the first state and are over in the second one.
export const stoppedBetween = (previous, sessions) =>
  previous.filter((session) => session.stopped === null)
    .map((session) => findSession(sessions, session.key ?? session.id))
    .filter((session) => session && session.stopped !== null);

// Screen readers ignore what is behind an open dialog, and a text that is already there. So the text is
// written a moment later.
const DELAY_MILLISECONDS = 100;

export function say(text) {
  $("said").textContent = "";
  setTimeout(() => { $("said").textContent = text; }, DELAY_MILLISECONDS);
}
