/** Retries, with a local server that fails in the ways of a bad network and of the API. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { StintError } from "../src/index.js";
import { cut, refuse, reply, reset, scripted, TIMER, type Reply } from "./scripted.js";

const STARTED = reply(201, { data: TIMER, meta: {} });

const PASSING: [string, Reply][] = [
  ["429", refuse(429, "rate_limited", { "Retry-After": "1" })],
  ["503", refuse(503, "unavailable")],
  ["409 of a race", refuse(409, "conflict")],
  ["500", refuse(500, "server_error")],
  [
    "502 without JSON:API",
    (response) => response.writeHead(502, { "Content-Type": "text/html" }).end("<h1>"),
  ],
  ["a closed connection", reset],
  ["a response that ends early", cut],
];

for (const [name, failure] of PASSING) {
  test(`${name} is repeated with the same key and body`, async (context) => {
    const { stint, seen, waits } = await scripted(context, [failure, failure, STARTED]);
    const { data } = await stint.timers.start({ service_id: "1296" });
    assert.equal(data.id, TIMER.id);
    assert.equal(seen.length, 3);
    assert.equal(waits.length, 2);
    const [key] = seen.map((request) => request.headers["idempotency-key"]);
    assert.match(String(key), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    for (const request of seen) {
      assert.equal(request.headers["idempotency-key"], key);
      assert.deepEqual(JSON.parse(request.body), {
        data: { type: "timers", attributes: { service_id: "1296" } },
      });
    }
  });
}

test("each call has its own key", async (context) => {
  const { stint, seen } = await scripted(context, [STARTED, STARTED]);
  await stint.timers.start({ service_id: "1296" });
  await stint.timers.start({ service_id: "1296" });
  assert.notEqual(seen[0]!.headers["idempotency-key"], seen[1]!.headers["idempotency-key"]);
});

test("a key of the caller is used", async (context) => {
  const { stint, seen } = await scripted(context, [reset, STARTED]);
  await stint.timers.start({ service_id: "1296" }, { idempotencyKey: "tap-1" });
  assert.deepEqual(
    seen.map((request) => request.headers["idempotency-key"]),
    ["tap-1", "tap-1"],
  );
});

test("a read has no key and is repeated", async (context) => {
  const { stint, seen } = await scripted(context, [reset, reply(200, { data: TIMER, meta: {} })]);
  await stint.timers.get(TIMER.id);
  assert.deepEqual(
    seen.map((request) => request.headers["idempotency-key"]),
    [undefined, undefined],
  );
});

test("the wait is at least Retry-After, and at most a second longer", async (context) => {
  const { stint, waits } = await scripted(context, [
    refuse(429, "rate_limited", { "Retry-After": "7" }),
    refuse(503, "unavailable", { "Retry-After": "3" }),
    STARTED,
  ]);
  await stint.timers.start({ service_id: "1296" });
  assert.ok(waits[0]! >= 7 && waits[0]! <= 8, String(waits));
  assert.ok(waits[1]! >= 3 && waits[1]! <= 4, String(waits));
});

test("Retry-After can be a date", async (context) => {
  const now = new Date("2026-03-02T09:00:00Z");
  const header = { "Retry-After": new Date(now.getTime() + 9000).toUTCString() };
  const replies = [refuse(503, "unavailable", header), STARTED];
  const { stint, waits } = await scripted(context, replies, { now: () => now });
  await stint.timers.start({ service_id: "1296" });
  assert.ok(waits[0]! >= 9 && waits[0]! <= 10, String(waits));
});

test("without Retry-After, waits grow at random", async (context) => {
  const { stint, waits } = await scripted(context, [reset, reset, reset, STARTED]);
  await stint.timers.start({ service_id: "1296" });
  [0.5, 1, 2].forEach((most, index) => {
    assert.ok(waits[index]! >= most / 2 && waits[index]! <= most, String(waits));
  });
  assert.ok(new Set(waits.map((seconds) => seconds % 0.25)).size > 1, String(waits));
});

test("after the last retry the call fails", async (context) => {
  const replies = Array<Reply>(10).fill(refuse(503, "unavailable"));
  const { stint, seen } = await scripted(context, replies, { retry: { maxRetries: 2 } });
  await assert.rejects(stint.timers.start({ service_id: "1296" }), { status: 503, code: "unavailable" });
  assert.equal(seen.length, 3);
});

test("a Retry-After beyond the limit fails at once, and the error has it", async (context) => {
  const replies = [refuse(429, "rate_limited", { "Retry-After": "90" }), STARTED];
  const { stint, seen, waits } = await scripted(context, replies);
  await assert.rejects(stint.timers.start({ service_id: "1296" }), { status: 429, retryAfter: 90 });
  assert.equal(seen.length, 1);
  assert.deepEqual(waits, []);
});

test("the waits of a call are limited in total", async (context) => {
  const replies = Array<Reply>(10).fill(refuse(503, "unavailable", { "Retry-After": "25" }));
  const { stint, seen } = await scripted(context, replies);
  await assert.rejects(stint.timers.start({ service_id: "1296" }), { retryAfter: 25 });
  assert.equal(seen.length, 3);
});

const FINAL: [number, string][] = [
  [400, "unsupported_filter"],
  [401, "invalid_auth_token"],
  [403, "access_denied"],
  [404, "record_not_found"],
  [409, "type_conflict"],
  [412, "precondition_failed"],
  [422, "overlaps_session"],
];

for (const [status, code] of FINAL) {
  test(`${status} ${code} is not repeated`, async (context) => {
    const { stint, seen } = await scripted(context, [refuse(status, code), STARTED]);
    await assert.rejects(stint.timers.start({ service_id: "1296" }), { status, code });
    assert.equal(seen.length, 1);
  });
}

test("no response in time is a timeout, and repeated", async (context) => {
  const silent: Reply = () => {};
  const limits = { timeoutSeconds: 0.05, retry: { maxRetries: 1 } };
  const { stint, seen } = await scripted(context, [silent, silent], limits);
  await assert.rejects(stint.timers.start({ service_id: "1296" }), { status: 0, code: "timeout" });
  assert.equal(seen.length, 2);
});

test("an unreachable server is a network error", async (context) => {
  const { stint, waits } = await scripted(context, [], { baseUrl: "http://127.0.0.1:1/api/v2" });
  await assert.rejects(
    stint.timers.get("1"),
    (error) => error instanceof StintError && error.code === "network_error" && error.errors.length === 0,
  );
  assert.equal(waits.length, 5);
});

test("a signal ends a request", async (context) => {
  const controller = new AbortController();
  const { stint } = await scripted(context, [() => controller.abort(new Error("tired"))]);
  const call = stint.timers.start({ service_id: "1296" }, { signal: controller.signal });
  await assert.rejects(call, { message: "tired" });
});

test("a signal ends a wait", async (context) => {
  const controller = new AbortController();
  const replies = [refuse(503, "unavailable", { "Retry-After": "30" })];
  const { stint, seen } = await scripted(context, replies, { sleep: undefined });
  setTimeout(() => controller.abort(new Error("tired")), 200);
  const began = performance.now();
  const call = stint.timers.start({ service_id: "1296" }, { signal: controller.signal });
  await assert.rejects(call, { message: "tired" });
  assert.ok(performance.now() - began < 5000);
  assert.equal(seen.length, 1);
});

test("a signal that was aborted before sends nothing", async (context) => {
  const { stint, seen } = await scripted(context, [STARTED]);
  const call = stint.timers.start({ service_id: "1296" }, { signal: AbortSignal.abort() });
  await assert.rejects(call, { name: "AbortError" });
  assert.equal(seen.length, 0);
});

test("the real wait lasts as long as Retry-After says", async (context) => {
  const replies = [refuse(429, "rate_limited", { "Retry-After": "1" }), STARTED];
  const { stint } = await scripted(context, replies, { sleep: undefined });
  const began = performance.now();
  await stint.timers.start({ service_id: "1296" });
  assert.ok(performance.now() - began >= 990);
});
