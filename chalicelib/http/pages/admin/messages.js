// Errors in words. The API's own texts are plain sentences; some need the words of this page.

import { RefusedError, RetryableError } from "../shared/api.js";
import { FIELDS, REASONS, TEXTS } from "./texts.js";

// Words of the API that say nothing in a form.
const WORDS = {
  "attribute is invalid": TEXTS.invalid,
  "This attribute is required.": TEXTS.required,
  "This attribute cannot be empty.": TEXTS.required,
};

// What buttons change, and no field of a form.
const ACTIONS = ["archived_at", "deactivated_at"];

const CODES = {
  method_not_allowed: TEXTS.outdated,
  overlaps_session: TEXTS.overlaps,
  record_not_found: TEXTS.gone,
  route_not_found: TEXTS.outdated,
};

export function messageFor(error) {
  if (error instanceof RetryableError) return retryMessage(error);
  if (!(error instanceof RefusedError)) throw error;
  if (error.code === "period_closed") return TEXTS.periodClosed(error.meta.closed_until);
  if (CODES[error.code]) return CODES[error.code];
  if (REASONS[error.meta?.reason]) return REASONS[error.meta.reason];
  const name = error.pointer?.split("/").at(-1);
  const words = WORDS[error.message] ?? error.message;
  return FIELDS[name] && !ACTIONS.includes(name) ? `${FIELDS[name]}: ${words}` : words;
}

function retryMessage({ isConnected, code, message }) {
  if (!isConnected) return TEXTS.noConnection;
  // The id in the API's text finds the error in the server's log.
  return code === "server_error" ? message : TEXTS.busy;
}
