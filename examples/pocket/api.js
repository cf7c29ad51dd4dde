// The API over fetch: one call, and what its answers mean to somebody on a bad line.

import { learn, parse } from "./clock.js";

const TYPE = "application/vnd.api+json";
const PATIENCE_MILLISECONDS = 20_000;

// No answer that counts: what was asked may or may not have happened. Ask again, later.
export class Away extends Error {
  constructor(words, seconds = 0) {
    super(words);
    this.seconds = seconds;
  }
}

// The server understood, and said no: asking again would not help.
export class Refused extends Error {
  constructor(status, { code, detail, title, source, meta } = {}) {
    super(detail ?? title ?? `status ${status}`);
    Object.assign(this, { status, code, pointer: source?.pointer ?? source?.parameter, meta });
  }
}

// The document and its ETag; null where the server answers that `etag` still holds. Throws Away or
// Refused. `path` begins after the base, `body` is a text.
export async function call(account, method, path, { body, key, etag } = {}) {
  const headers = { Accept: TYPE, "X-Auth-Token": account.token };
  if (account.organization) headers["X-Organization-Id"] = account.organization.id;
  if (body) headers["Content-Type"] = TYPE;
  if (key) headers["Idempotency-Key"] = key;
  if (etag) headers["If-None-Match"] = etag;
  const sent = Date.now();
  const { response, document } = await answer(account.base + path, { method, headers, body });
  const date = response.headers.get("Date");
  // Another origin does not show its Date; then this phone's clock must do.
  if (date) learn(date, sent, Date.now());
  if (response.status === 304) return null;
  if (response.ok) return { document, etag: response.headers.get("ETag") };
  const error = document.errors?.[0] ?? {};
  if (isWorthRepeating(response.status, error.code)) {
    throw new Away(error.detail, Number(response.headers.get("Retry-After")) || 0);
  }
  throw new Refused(response.status, error);
}

export const query = (path, parameters) => `${path}?${new URLSearchParams(parameters)}`;

async function answer(url, request) {
  let response;
  try {
    response = await fetch(url, {
      ...request,
      // Logging out shall leave nothing behind, so answers do not go through the browser's cache:
      // their ETags are kept beside what was read from them (refresh.js).
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    if (response.status === 304) return { response };
    // A hotel's login page answers everything with 200, and is not the server.
    if (!response.headers.get("Content-Type")?.startsWith(TYPE)) throw new TypeError("a stranger");
    return { response, document: await response.json() };
  } catch {
    throw new Away("No connection");
  }
}

const isWorthRepeating = (status, code) =>
  status >= 500 || status === 429 || status === 408 || (status === 409 && code === "conflict");

// A timer of a document, as a session (day.js).
export function readTimer(timer, included = []) {
  const find = (related) =>
    related?.data && included.find((it) => it.type === related.data.type && it.id === related.data.id);
  const service = find(find(timer.relationships.time_entry)?.relationships.service);
  const { started_at: started, stopped_at: stopped } = timer.attributes;
  return { id: timer.id, service: readService(service), started: parse(started), stopped: parse(stopped) };
}

export const readService = (service) =>
  service ? { id: service.id, name: service.attributes.name } : { id: null, name: "Something" };
