// Errors in words. The API's own texts are plain sentences; some need the words of this page.

import { RefusedError, RetryableError } from "../shared/api.js";
import { FIELDS, REASONS, TEXTS } from "./texts.js";

export function messageFor(error) {
  if (error instanceof RetryableError) return `${error.message}. ${TEXTS.tryAgain}`.replace("..", ".");
  if (!(error instanceof RefusedError)) throw error;
  if (error.code === "overlaps_session") return TEXTS.overlaps;
  if (error.code === "period_closed") return TEXTS.periodClosed(error.meta.closed_until);
  if (REASONS[error.meta?.reason]) return REASONS[error.meta.reason];
  const field = FIELDS[error.pointer?.split("/").at(-1)];
  const isVague = error.message === "attribute is invalid";
  if (isVague) return field ? `${field}: ${TEXTS.invalid}` : TEXTS.invalid;
  return field ? `${field}: ${error.message}` : error.message;
}
