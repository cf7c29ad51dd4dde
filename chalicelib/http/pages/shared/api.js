// Sends one request to the API, and classifies the response: success, retryable or refused.

import { updateOffset } from "./clock.js";

const TYPE = "application/vnd.api+json";
const TIMEOUT_MILLISECONDS = 20_000;

// There is no usable response. The server may or may not have processed the request: retry later,
// at the earliest after `retryAfter` seconds.
// `isConnected` is whether a server responded, `code` its error code.
export class RetryableError extends Error {
  constructor(message, { retryAfter = 0, isConnected = true, code } = {}) {
    super(message);
    Object.assign(this, { retryAfter, isConnected, code });
  }
}

// The server refused the request: a retry would not help.
export class RefusedError extends Error {
  constructor(status, { code, detail, title, source, meta } = {}) {
    super(detail ?? title ?? `status ${status}`);
    Object.assign(this, { status, code, pointer: source?.pointer ?? source?.parameter, meta });
  }
}

// Returns the document and its ETag, or null if the response is 304. The document is null if the
// response is 204. Throws RetryableError or RefusedError. `path` is relative to the base URL; `body`
// is a string. A write has a `key`, and the `clockOffset` that was added to the phone's clock for the
// timestamps of its body.
export async function sendRequest(account, method, path, { body, key, clockOffset = 0, etag } = {}) {
  const headers = { Accept: TYPE };
  if (account.token) headers["X-Auth-Token"] = account.token;
  if (account.organization) headers["X-Organization-Id"] = account.organization.id;
  if (body) headers["Content-Type"] = TYPE;
  if (key) {
    headers["Idempotency-Key"] = key;
    // The time at which the request is sent, by the clock of the timestamps. If the server's clock
    // differs, the server moves the timestamps by the difference.
    headers["Client-Time"] = new Date(Date.now() + clockOffset).toISOString();
  }
  if (etag) headers["If-None-Match"] = etag;
  const sent = Date.now();
  const { response, document } = await fetchDocument(account.base + path, { method, headers, body });
  const date = response.headers.get("Date");
  // A page can read the Date header of another origin only if the server exposes it. Otherwise it
  // uses the phone's clock.
  if (date) updateOffset(date, sent, Date.now());
  if (response.status === 304) return null;
  if (response.ok) return { document, etag: response.headers.get("ETag") };
  throw errorOf(response, document);
}

// Returns the error of a response: a RetryableError or a RefusedError.
export function errorOf(response, document) {
  const error = document.errors?.[0] ?? {};
  if (!isRetryable(response.status, error.code)) return new RefusedError(response.status, error);
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  return new RetryableError(error.detail, { retryAfter, code: error.code });
}

export const withQuery = (path, parameters) => `${path}?${new URLSearchParams(parameters)}`;

async function fetchDocument(url, options) {
  let response;
  try {
    response = await fetch(url, {
      ...options,
      // The browser's cache would store responses after logout. So this app does not use it, and
      // stores ETags together with its lists (refresh.js).
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    if (response.status === 304 || response.status === 204) return { response, document: null };
    // The login page of a hotel's network returns 200 for every request. It is not the API.
    if (!response.headers.get("Content-Type")?.startsWith(TYPE)) throw new TypeError("not JSON:API");
    return { response, document: await response.json() };
  } catch {
    throw new RetryableError("No connection", { isConnected: false });
  }
}

const isRetryable = (status, code) =>
  status >= 500 || status === 429 || status === 408 || (status === 409 && code === "conflict");
