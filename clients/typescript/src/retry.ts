/** Which failures pass, and how long to wait. */
import type { StintError } from "./errors.js";

/** The limits of retries. */
export interface RetryLimits {
  /** Retries of one call, after its first attempt. */
  maxRetries: number;
  /** Seconds that one call waits before retries, in total. A longer `Retry-After` ends the call. */
  maxWaitSeconds: number;
}

const FIRST_SECONDS = 0.5;
const MAX_SECONDS = 20;

/** Return whether the same request can succeed later. */
export function isTransient(error: StintError): boolean {
  if (error.status === 409) return error.code === "conflict";
  if (error.status === 0) return error.code !== "unexpected_response";
  return error.status === 408 || error.status === 429 || error.status >= 500;
}

/**
 * Return the seconds until the next attempt: what the server asks for, plus a random part that keeps
 * clients apart. The random part grows with each failure.
 */
export function delaySeconds(failures: number, retryAfter: number | undefined, random: number): number {
  const backoff = Math.min(MAX_SECONDS, FIRST_SECONDS * 2 ** (failures - 1));
  return retryAfter === undefined ? backoff * (0.5 + random / 2) : retryAfter + Math.min(1, backoff) * random;
}

/** Return the seconds of a `Retry-After` header: a number, or a date. */
export function retryAfterSeconds(header: string | null, now: Date): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now.getTime()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** Wait. Rejects with the signal's reason when it is aborted. */
export function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
}

/** Return a random UUID. `crypto.randomUUID` is missing on pages without HTTPS. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
