import type { ErrorCode, ErrorObject } from "./types.js";

/** Codes that the client adds to those of the API. */
export type ClientCode = "network_error" | "timeout" | "unexpected_response";

/** What went wrong, and where. */
export interface Failure {
  request: string;
  status: number;
  errors: readonly ErrorObject[];
  code: string;
  detail: string;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** A request that failed, after its retries. It contains no token and no part of the request's body. */
export class StintError extends Error {
  override readonly name = "StintError";
  /** The HTTP status; 0 if there was no response. */
  readonly status: number;
  /** The code of the first error. New codes can be added to the API. */
  readonly code: ErrorCode | ClientCode | (string & {});
  /** What is wrong and what to do, in English. */
  readonly detail: string;
  /** All error objects of the response; empty if it was no JSON:API document. */
  readonly errors: readonly ErrorObject[];
  /** Seconds that the server asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(failure: Failure) {
    super(`${failure.request}: ${failure.detail} (${failure.code})`, { cause: failure.cause });
    this.status = failure.status;
    this.code = failure.code;
    this.detail = failure.detail;
    this.errors = failure.errors;
    this.retryAfter = failure.retryAfter;
  }

  /** The part of the document that caused the first error, such as `data/attributes/service`. */
  get pointer(): string | undefined {
    return this.errors[0]?.source?.pointer;
  }

  /** Facts about the first error, such as `conflicting_timer_id`. */
  get meta(): NonNullable<ErrorObject["meta"]> {
    return this.errors[0]?.meta ?? {};
  }
}
