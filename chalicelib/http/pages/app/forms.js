// What the forms for sessions and for booked time have in common.

import { TEXTS } from "./texts.js";

// The API's limit of a note, in characters.
const MAX_NOTE_LENGTH = 2000;

// Returns what is wrong with a note, or an empty text.
export function problemOfNote(note) {
  const length = [...note].length;
  return length > MAX_NOTE_LENGTH ? TEXTS.noteTooLong(length, MAX_NOTE_LENGTH) : "";
}

// Waits until the action of a form is stored, and closes the form. Then sends the action.
export async function finishForm(dialog, buttons, storing, sync) {
  const setDisabled = (isDisabled) => { for (const target of buttons) target.disabled = isDisabled; };
  // A second tap must not store it again.
  setDisabled(true);
  try {
    await storing;
    dialog.close();
  } finally {
    setDisabled(false);
  }
  sync();
}
