// The words for errors, by their codes. Pure functions.

import { RefusedError, RetryableError } from "../shared/api.js";
import { formatDuration } from "../shared/clock.js";
import { TEXTS } from "./texts.js";

// Codes that say that this page and the server are of different versions. A person can only reload.
const OUTDATED = new Set([
  "id_conflict",
  "invalid_header",
  "invalid_parameter",
  "keyset_conflict",
  "keyset_invalid_cursor",
  "malformed_document",
  "method_not_allowed",
  "not_acceptable",
  "route_not_found",
  "sort_param_unsupported",
  "type_conflict",
  "unsupported_filter",
  "unsupported_filter_operation",
  "unsupported_filter_value_type",
  "unsupported_include",
  "unsupported_media_type",
]);

// Codes whose words say everything, so that the server's own words are not added.
const isKnown = (code) => Boolean(TEXTS.reasons[code]);

// Returns the text of any error that the page shows, as sentences.
export function messageOf(error) {
  if (error.isConnected === false) return TEXTS.noConnection;
  if (error instanceof RetryableError) {
    return error.code === "server_error" ? TEXTS.serverProblem : TEXTS.serverBusy;
  }
  if (error instanceof RefusedError) return asSentences(reasonOf(error), quoteOf(error));
  return asSentences(TEXTS.pageProblem, error.message);
}

// The same, with the time after which the person can try again, if the server requires to wait.
export const messageWithWait = (error) =>
  asSentences(messageOf(error), error.retryAfter ? TEXTS.tryAgainIn(formatDuration(error.retryAfter)) : "");

// Returns why a request was refused, as a part of a sentence: {code, pointer}, `pointer` names the
// value that was refused.
export function reasonOf({ code, pointer }) {
  if (code === "invalid_attribute") return TEXTS.valueRefused[valueOf(pointer)] ?? TEXTS.valueRefused.other;
  if (OUTDATED.has(code)) return TEXTS.reasons.outdated;
  return isKnown(code) ? TEXTS.reasons[code] : TEXTS.reasons.other;
}

// Returns the server's words as a quotation, or "" if the page's own words say as much.
export function quoteOf({ code, pointer, message }) {
  const isClear = code === "invalid_attribute" ? TEXTS.valueRefused[valueOf(pointer)] : isKnown(code);
  return isClear || !message || isCode(message) ? "" : TEXTS.quoted(message);
}

// "attribute is invalid", and the status of a response without words, say nothing to a person.
const isCode = (message) => /^(attribute is invalid|status \d+)$/.test(message);

// Returns the name of the value to which a pointer such as data/attributes/stopped_at points.
export function valueOf(pointer = "") {
  const name = (pointer ?? "").split("/").at(-1);
  return ["started_at", "stopped_at"].includes(name) ? "time" : name;
}

// Joins texts to sentences, each with a capital letter and a period.
export const asSentences = (...texts) =>
  texts.filter(Boolean).map((text) => text[0].toUpperCase() + text.slice(1).replace(/([^.!?”“])$/, "$1.")).join(" ");
