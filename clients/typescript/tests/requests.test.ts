/** What is sent, and what is returned or thrown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { redeemPairing, related, Stint, StintError } from "../src/index.js";
import { refuse, reply, reset, scripted, TIMER, TOKEN } from "./scripted.js";

const PAGE = reply(200, { data: [], links: { first: "http://other.test/" }, meta: { page_size: 200 } });

function pageOf(ids: string[], next?: string) {
  const links = { first: "http://elsewhere.test/api/v2/timers", ...(next && { next }) };
  return reply(200, { data: ids.map((id) => ({ ...TIMER, id })), links, meta: { page_size: 2 } });
}

test("filters, operators, includes and fields have the names of the API", async (context) => {
  const { stint, seen } = await scripted(context, [PAGE]);
  await stint.timers
    .list({
      filter: {
        person_id: ["1", "2"],
        started_at: { gt_eq: new Date("2026-03-01T00:00:00Z"), lt: "2026-04-01" },
        stopped_at: "",
      },
      sort: "-started_at",
      include: ["time_entry", "time_entry.service"],
      fields: { timers: ["started_at"] },
      pageSize: 50,
    })
    .first();
  assert.deepEqual(Object.fromEntries(seen[0]!.url.searchParams), {
    "filter[person_id]": "1,2",
    "filter[started_at][gt_eq]": "2026-03-01T00:00:00.000Z",
    "filter[started_at][lt]": "2026-04-01",
    "filter[stopped_at]": "",
    sort: "-started_at",
    include: "time_entry,time_entry.service",
    "fields[timers]": "started_at",
    "page[size]": "50",
    "page[after]": "",
  });
});

test("a list follows cursors, also past an empty page, and only on its own server", async (context) => {
  const { stint, seen } = await scripted(context, [
    pageOf(["1", "2"], "http://elsewhere.test/api/v2/timers?page%5Bafter%5D=a%2Bb"),
    pageOf([], "http://elsewhere.test/api/v2/timers?page%5Bafter%5D=c"),
    pageOf(["3"]),
  ]);
  const ids: string[] = [];
  for await (const timer of stint.timers.list({ sort: "started_at" })) ids.push(timer.id);
  assert.deepEqual(ids, ["1", "2", "3"]);
  assert.deepEqual(
    seen.map((request) => request.url.searchParams.get("page[after]")),
    ["", "a+b", "c"],
  );
  for (const request of seen) assert.equal(request.url.searchParams.get("sort"), "started_at");
});

test("pages are requested only when they are needed", async (context) => {
  const { stint, seen } = await scripted(context, [pageOf(["1", "2"], "/?page[after]=a")]);
  for await (const timer of stint.timers.list()) if (timer.id === "2") break;
  assert.equal(seen.length, 1);
});

test("a fault within a walk repeats one page only", async (context) => {
  const { stint, seen } = await scripted(context, [pageOf(["1"], "/?page[after]=a"), reset, pageOf(["2"])]);
  const timers = await stint.timers.list().toArray();
  assert.deepEqual(
    timers.map((timer) => timer.id),
    ["1", "2"],
  );
  assert.equal(seen.length, 3);
});

test("toArray stops at its limit", async (context) => {
  const { stint, seen } = await scripted(context, [pageOf(["1", "2"], "/?page[after]=a")]);
  assert.equal((await stint.timers.list().toArray(2)).length, 2);
  assert.equal(seen.length, 1);
});

test("ids up to 2^53 - 1 are exact", async (context) => {
  const { stint, seen } = await scripted(context, [reply(200, { data: TIMER, meta: {} })]);
  const { data } = await stint.timers.get("9007199254740991");
  assert.equal(seen[0]!.url.pathname, "/api/v2/timers/9007199254740991");
  assert.equal(data.id, "9007199254740991");
  assert.equal(data.attributes.person_id, Number.MAX_SAFE_INTEGER);
});

test("an id is one segment of the path", async (context) => {
  const { stint, seen } = await scripted(context, [refuse(404, "record_not_found")]);
  await assert.rejects(stint.timers.get("1/stop?x"), { code: "record_not_found" });
  assert.equal(seen[0]!.url.pathname, "/api/v2/timers/1%2Fstop%3Fx");
  for (const id of ["", ".", ".."]) {
    await assert.rejects(async () => stint.timers.delete(id), TypeError);
  }
  assert.equal(seen.length, 1);
});

test("headers of reads and writes", async (context) => {
  const now = () => new Date("2026-03-02T09:00:00Z");
  const document = reply(200, { data: TIMER, meta: {} });
  const { stint, seen } = await scripted(context, [document, document, document], { now });
  await stint.timers.get("1");
  await stint.timers.stop("1", undefined, { ifMatch: 'W/"3-abc"' });
  await stint.timers.stop("1", { stopped_at: new Date("2026-03-02T10:00:00+01:00") });
  const [read, bare, write] = seen.map((request) => request.headers);
  for (const headers of [read, bare, write]) {
    assert.equal(headers!["x-auth-token"], TOKEN);
    assert.equal(headers!["x-organization-id"], "2149");
    assert.equal(headers!.accept, "application/vnd.api+json");
  }
  assert.equal(read!["client-time"], undefined);
  assert.equal(bare!["client-time"], "2026-03-02T09:00:00.000Z");
  assert.equal(bare!["if-match"], 'W/"3-abc"');
  assert.equal(bare!["content-type"], undefined);
  assert.equal(write!["content-type"], "application/vnd.api+json");
  assert.match(seen[2]!.body, /"stopped_at":"2026-03-02T09:00:00.000Z"/);
});

test("an invalid Date is not sent: null would continue the session", async (context) => {
  const { stint, seen } = await scripted(context, []);
  await assert.rejects(async () => stint.timers.update("1", { stopped_at: new Date("?") }), RangeError);
  assert.equal(seen.length, 0);
});

test("each attempt has the time of its own sending", async (context) => {
  let second = 0;
  const now = () => new Date(Date.UTC(2026, 2, 2, 9, 0, second++));
  const document = reply(200, { data: TIMER, meta: {} });
  const { stint, seen } = await scripted(context, [reset, document], { now });
  await stint.timers.stop("1");
  assert.notEqual(seen[0]!.headers["client-time"], seen[1]!.headers["client-time"]);
});

test("an error has the JSON:API error objects", async (context) => {
  const errors = [
    {
      status: "422",
      code: "overlaps_session",
      title: "Invalid Attribute",
      detail: "overlaps timer 9",
      source: { pointer: "data/attributes/started_at" },
      meta: { conflicting_timer_id: "9" },
    },
    { status: "422", code: "invalid_attribute", title: "Invalid Attribute", detail: "too long", source: {} },
  ];
  const { stint } = await scripted(context, [reply(422, { errors })]);
  const error: unknown = await stint.timers.start({ service_id: "1" }).catch((reason: unknown) => reason);
  assert.ok(error instanceof StintError);
  assert.equal(error.message, "POST /timers: overlaps timer 9 (overlaps_session)");
  assert.equal(error.status, 422);
  assert.equal(error.code, "overlaps_session");
  assert.equal(error.detail, "overlaps timer 9");
  assert.equal(error.pointer, "data/attributes/started_at");
  assert.deepEqual(error.meta, { conflicting_timer_id: "9" });
  assert.deepEqual(error.errors, errors);
});

test("a page that is no JSON:API is an error that names the setting", async (context) => {
  const { stint } = await scripted(context, [
    (response) =>
      response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Welcome to our network</h1>"),
  ]);
  await assert.rejects(stint.timers.get("1"), {
    status: 200,
    code: "unexpected_response",
    message: /baseUrl/,
  });
});

test("a redirect is not followed: the token stays with the server", async (context) => {
  const other = await scripted(context, [PAGE]);
  const Location = `http://127.0.0.1:${other.port}/api/v2/timers`;
  const { stint, seen } = await scripted(context, [
    (response) => response.writeHead(302, { Location }).end(),
  ]);
  await assert.rejects(stint.timers.list().first(), { code: "unexpected_response" });
  assert.equal(seen.length, 1);
  assert.equal(other.seen.length, 0);
});

test("no error and no inspection shows the token or the pairing code", async (context) => {
  const { stint, port } = await scripted(context, [
    refuse(401, "invalid_auth_token"),
    refuse(404, "record_not_found"),
  ]);
  const baseUrl = `http://127.0.0.1:${port}/api/v2`;
  const failures = await Promise.allSettled([
    stint.timers.get("1"),
    redeemPairing({ baseUrl, code: TOKEN }),
    new Stint({ baseUrl: "http://127.0.0.1:1/", token: TOKEN, retry: { maxRetries: 0 } }).me(),
    (async () => new Stint({ baseUrl, token: `${TOKEN}\n` }))(),
    (async () => new Stint({ baseUrl, token: `${TOKEN} \u{1f511}` }))(),
    (async () => new Stint({ baseUrl: `http://me:${TOKEN}@127.0.0.1/`, token: TOKEN }))(),
    (async () => new Stint({ baseUrl: `http://me:${TOKEN}@[/`, token: TOKEN }))(),
  ]);
  for (const failure of failures) {
    assert.equal(failure.status, "rejected");
    const shown = inspect((failure as PromiseRejectedResult).reason, { depth: 20, showHidden: true });
    assert.ok(!shown.includes(TOKEN), shown);
  }
  assert.ok(!inspect(stint, { depth: 20, showHidden: true }).includes(TOKEN));
  assert.ok(!JSON.stringify(stint).includes(TOKEN));
});

test("a pairing code is sent once: it works only once", async (context) => {
  const { port, seen } = await scripted(context, [reset, reset]);
  const baseUrl = `http://127.0.0.1:${port}/api/v2`;
  await assert.rejects(redeemPairing({ baseUrl, code: "1234" }), { code: "network_error" });
  assert.equal(seen.length, 1);
  assert.equal(seen[0]!.headers["idempotency-key"], undefined);
});

test("settings are checked", () => {
  const options = { baseUrl: "https://example.com/api/v2", token: "t" };
  for (const baseUrl of [
    "",
    "example.com",
    "ftp://example.com/",
    "https://example.com/?a=b",
    "https://me@example.com/",
  ]) {
    assert.throws(() => new Stint({ ...options, baseUrl }), /baseUrl must/);
  }
  assert.throws(() => new Stint({ ...options, token: "" }), /token must/);
  assert.throws(() => new Stint({ ...options, organizationId: "Adriatic" }), /organizationId must/);
});

test("related finds an included record by type and id", () => {
  const person = { type: "people", id: "1" } as const;
  const service = { type: "services", id: "1" } as const;
  const document = { included: [person, service] };
  assert.equal(related(document, { data: { type: "services", id: "1" } }), service);
  assert.equal(related(document, { data: { type: "services", id: "2" } }), undefined);
  assert.equal(related(document, { data: null }), undefined);
  assert.equal(related({}, undefined), undefined);
});
