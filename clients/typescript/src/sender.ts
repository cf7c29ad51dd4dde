/** Send requests, and repeat those that can succeed later. */
import { StintError } from "./errors.js";
import { jsonOf, queryString } from "./query.js";
import { delaySeconds, isTransient, randomKey, retryAfterSeconds, sleep, type RetryLimits } from "./retry.js";
import type { ErrorObject, Method, ResponseInfo } from "./types.js";

const MEDIA_TYPE = "application/vnd.api+json";

/** Where requests go, and how. */
export interface SenderOptions {
  baseUrl: string;
  token?: string | undefined;
  organizationId?: string | number | undefined;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Seconds that one attempt may take. Default: 30. */
  timeoutSeconds?: number | undefined;
  /** Default: 5 retries, which wait 60 seconds in total. */
  retry?: Partial<RetryLimits> | undefined;
  /** The clock, for `Client-Time`. Default: the device's. */
  now?: (() => Date) | undefined;
  /** How to wait, for tests. Rejects when the signal is aborted. */
  sleep?: ((seconds: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

/** A request. Without a key, a write is not repeated unless the server has refused it. */
export interface OutgoingRequest {
  method: Method;
  path: string;
  query?: object | undefined;
  body?: unknown;
  /** Null: the operation takes no key. */
  idempotencyKey?: string | null | undefined;
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
}

export class Sender {
  readonly #base: string;
  readonly #headers: Record<string, string> = { Accept: MEDIA_TYPE };
  readonly #fetch: typeof fetch;
  readonly #timeout: number;
  readonly #limits: RetryLimits;
  readonly #now: () => Date;
  readonly #sleep: (seconds: number, signal?: AbortSignal) => Promise<void>;

  constructor(options: SenderOptions) {
    this.#base = checkedBase(options.baseUrl);
    if (options.token !== undefined) this.#headers["X-Auth-Token"] = checkedToken(options.token);
    if (options.organizationId !== undefined) {
      this.#headers["X-Organization-Id"] = checkedOrganization(options.organizationId);
    }
    // Browsers refuse a `fetch` that is called as a method of another object.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#timeout = options.timeoutSeconds ?? 30;
    this.#limits = { maxRetries: 5, maxWaitSeconds: 60, ...options.retry };
    this.#now = options.now ?? (() => new Date());
    this.#sleep = options.sleep ?? sleep;
  }

  /**
   * Send a request until it succeeds, fails for good, or reaches a limit of retries.
   *
   * Returns the document of the response, with its `ResponseInfo`; the caller knows its type.
   * Throws a `StintError`, or the signal's reason.
   */
  async send<Document>(request: OutgoingRequest): Promise<Document> {
    const isWrite = request.method !== "GET";
    const key = isWrite && request.idempotencyKey !== null ? (request.idempotencyKey ?? randomKey()) : null;
    const body = request.body === undefined ? undefined : jsonOf(request.body);
    let waited = 0;
    for (let failures = 0; ; ) {
      request.signal?.throwIfAborted();
      try {
        return (await this.#attempt(request, key, body)) as Document;
      } catch (error) {
        if (!(error instanceof StintError) || !isTransient(error)) throw error;
        if (isWrite && key === null && error.status !== 429) throw error;
        failures += 1;
        const seconds = delaySeconds(failures, error.retryAfter, Math.random());
        waited += seconds;
        if (failures > this.#limits.maxRetries || waited > this.#limits.maxWaitSeconds) throw error;
        await this.#sleep(seconds, request.signal);
      }
    }
  }

  async #attempt(
    request: OutgoingRequest,
    key: string | null,
    body: string | undefined,
  ): Promise<ResponseInfo & Record<string, unknown>> {
    const query = queryString(request.query ?? {});
    const url = `${this.#base}${request.path}${query && `?${query}`}`;
    const headers = new Headers(this.#headers);
    if (body !== undefined) headers.set("Content-Type", MEDIA_TYPE);
    if (key !== null) headers.set("Idempotency-Key", key);
    if (request.ifMatch !== undefined) headers.set("If-Match", request.ifMatch);
    if (request.method !== "GET") headers.set("Client-Time", this.#now().toISOString());
    const { response, text } = await this.#exchange(request, url, { headers, body: body ?? null });
    return this.#read(request, response, text);
  }

  /** Send once, and read the whole response, within the timeout. */
  async #exchange(
    request: OutgoingRequest,
    url: string,
    init: { headers: Headers; body: string | null },
  ): Promise<{ response: Response; text: string }> {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      stop();
    }, this.#timeout * 1000);
    request.signal?.addEventListener("abort", stop, { once: true });
    try {
      const response = await this.#fetch(url, {
        ...init,
        method: request.method,
        signal: attempt.signal,
        // A redirect could send the token to another server. The API has none.
        redirect: "manual",
      });
      return { response, text: await response.text() };
    } catch (cause) {
      request.signal?.throwIfAborted();
      throw this.#failure(request, 0, {
        code: isLate ? "timeout" : "network_error",
        detail: isLate ? `no response within ${this.#timeout} seconds` : "no response from the server",
        cause,
      });
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", stop);
    }
  }

  #read(request: OutgoingRequest, response: Response, text: string): ResponseInfo & Record<string, unknown> {
    const { status, headers } = response;
    const isJsonApi = headers.get("Content-Type")?.startsWith(MEDIA_TYPE) === true;
    const document = isJsonApi ? parse(text) : status === 204 ? {} : undefined;
    if (response.ok && document !== undefined) {
      const etag = headers.get("ETag");
      const replayed = headers.get("Idempotency-Replayed") === "true";
      return { ...document, ...(etag !== null && { etag }), replayed };
    }
    const errors = response.ok ? [] : errorsOf(document);
    throw this.#failure(request, status, {
      errors,
      code: errors[0]?.code ?? "unexpected_response",
      detail: errors[0]?.detail ?? `status ${status} without a JSON:API document; check baseUrl`,
      retryAfter: retryAfterSeconds(headers.get("Retry-After"), this.#now()),
    });
  }

  #failure(
    request: OutgoingRequest,
    status: number,
    facts: {
      code: string;
      detail: string;
      errors?: ErrorObject[];
      retryAfter?: number | undefined;
      cause?: unknown;
    },
  ): StintError {
    return new StintError({ request: `${request.method} ${request.path}`, status, errors: [], ...facts });
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === "object" && document !== null ? { ...document } : undefined;
  } catch {
    return undefined;
  }
}

function errorsOf(document: Record<string, unknown> | undefined): ErrorObject[] {
  return Array.isArray(document?.["errors"]) ? (document["errors"] as ErrorObject[]) : [];
}

function checkedBase(baseUrl: string): string {
  const url = parsed(baseUrl);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TypeError('baseUrl must be an address such as "https://example.com/api/v2".');
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new TypeError("baseUrl must have no user, password, query or fragment.");
  }
  return url.href.replace(/\/+$/, "");
}

function parsed(address: string): URL | undefined {
  try {
    return new URL(address);
  } catch {
    // This error quotes the address, which can contain a password.
    return undefined;
  }
}

// `fetch` would quote the value of a header that it refuses, so it never gets such a token.
function checkedToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new TypeError(
      "token must have visible ASCII characters only. It may contain a space or a line break.",
    );
  }
  return token;
}

function checkedOrganization(id: string | number): string {
  if (!/^\d+$/.test(String(id))) throw new TypeError("organizationId must have digits only.");
  return String(id);
}
