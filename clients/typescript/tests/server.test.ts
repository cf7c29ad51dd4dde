/** Against the local server with its demo data: STINT_URL holds its base URL. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { redeemPairing, related, Stint, StintError } from "../src/index.js";

const baseUrl = process.env["STINT_URL"];
assert.ok(baseUrl, "STINT_URL is not set; run: make test-clients-typescript");

const stint = new Stint({ baseUrl, token: "demo-admin", organizationId: "2149" });
const DESIGN = "1294";
const DEVELOPMENT = "1296";

// These tests share one person, who has one running timer: node:test runs them one after another.

test("start, list with include, stop, edit, delete", async () => {
  const started = await stint.timers.start(
    { service_id: DEVELOPMENT, note: "typed" },
    { include: ["time_entry"] },
  );
  const { id } = started.data;
  assert.equal(started.data.attributes.stopped_at, null);
  assert.equal(related(started, started.data.relationships.time_entry)?.attributes.note, "typed");

  const running = await stint.timers.running({ include: ["time_entry", "time_entry.service"] });
  assert.equal(running.data?.id, id);
  const entry = related(running, running.data.relationships.time_entry);
  assert.equal(entry && related(running, entry.relationships.service)?.attributes.name, "Development");

  const page = await stint.timers
    .list({ filter: { stopped_at: "", person_id: "8779" }, include: ["time_entry", "time_entry.service"] })
    .first();
  assert.deepEqual(
    page.data.map((timer) => timer.id),
    [id],
  );
  assert.deepEqual([...new Set(page.included?.map((each) => each.type))].sort(), [
    "services",
    "time_entries",
  ]);

  const stopped = await stint.timers.stop(id, { stopped_at: new Date() });
  assert.notEqual(stopped.data.attributes.stopped_at, null);
  assert.equal((await stint.timers.stop(id)).meta.already_stopped, true);
  assert.equal((await stint.timers.running()).data, null);

  const continued = await stint.timers.update(id, { stopped_at: null });
  assert.equal(continued.data.attributes.stopped_at, null);
  assert.equal((await stint.timers.stopRunning()).data.id, id);
  assert.equal((await stint.timers.stopRunning()).meta.already_stopped, true);

  await stint.timers.delete(id);
  await assert.rejects(stint.timers.get(id), { status: 404, code: "record_not_found" });
});

test("a session that is over, and the error of an overlap", async () => {
  const times = { started_at: "2026-01-05T09:00:00+01:00", stopped_at: "2026-01-05T10:30:00+01:00" };
  const { data } = await stint.timers.start({ service_id: DESIGN, ...times });
  assert.equal(data.attributes.total_time, 90);
  const moved = await stint.timers.update(data.id, { started_at: new Date("2026-01-05T08:30:00Z") });
  assert.equal(moved.data.attributes.started_at, "2026-01-05T09:30:00.000+01:00");
  assert.equal(moved.data.attributes.total_time, 60);
  await assert.rejects(
    stint.timers.start({ service_id: DESIGN, ...times }),
    (error) =>
      error instanceof StintError &&
      error.status === 422 &&
      error.code === "overlaps_session" &&
      error.pointer === "data/attributes/started_at" &&
      error.meta.conflicting_timer_id === data.id,
  );
  await stint.timers.delete(data.id);
});

test("create, read, change, start, stop and delete a time entry", async () => {
  const { data: entry } = await stint.timeEntries.create({
    service_id: DESIGN,
    date: "2026-02-02",
    time: 30,
  });
  assert.equal(entry.attributes.time, 30);
  const read = await stint.timeEntries.get(entry.id, { include: ["service", "person"] });
  assert.equal(related(read, read.data.relationships.service)?.id, DESIGN);
  assert.equal(related(read, read.data.relationships.person)?.id, "8779");

  const changed = await stint.timeEntries.update(entry.id, { note: "kickoff" }, { ifMatch: read.etag });
  assert.equal(changed.data.attributes.note, "kickoff");
  await assert.rejects(stint.timeEntries.update(entry.id, { time: 1 }, { ifMatch: read.etag }), {
    status: 412,
    code: "precondition_failed",
  });
  assert.equal((await stint.timeEntries.get(entry.id)).data.attributes.time, 30);

  const timer = await stint.timeEntries.start(entry.id);
  assert.equal((await stint.timers.running()).data?.id, timer.data.id);
  assert.equal((await stint.timeEntries.stop(entry.id)).data.id, timer.data.id);
  await stint.timeEntries.delete(entry.id);
  await assert.rejects(stint.timeEntries.get(entry.id), { code: "record_not_found" });
});

test("a repeated key changes nothing and says so", async () => {
  const options = { idempotencyKey: `typescript-${Date.now()}` };
  const first = await stint.timeEntries.create({ service_id: DESIGN, time: 5 }, options);
  const second = await stint.timeEntries.create({ service_id: DESIGN, time: 5 }, options);
  assert.deepEqual([first.replayed, second.replayed], [false, true]);
  assert.equal(second.data.id, first.data.id);
  await assert.rejects(stint.timeEntries.create({ service_id: DESIGN, time: 6 }, options), {
    code: "idempotency_key_reused",
  });
  await stint.timeEntries.delete(first.data.id);
});

test("a lost response: the retry gets the first one, and there is one entry", async () => {
  let calls = 0;
  const losing: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    calls += 1;
    if (calls === 1) throw new TypeError("connection lost");
    return response;
  };
  const unlucky = new Stint({
    baseUrl,
    token: "demo-admin",
    organizationId: 2149,
    fetch: losing,
    sleep: async () => {},
  });
  const note = `lost ${Date.now()}`;
  const { data, replayed } = await unlucky.timeEntries.create({ service_id: DESIGN, note });
  assert.equal(replayed, true);
  const found = await stint.timeEntries.list({ filter: { note } }).toArray();
  assert.deepEqual(
    found.map((entry) => entry.id),
    [data.id],
  );
  await stint.timeEntries.delete(data.id);
});

test("a walk over several pages sees each record once", async () => {
  const made: string[] = [];
  for (let index = 0; index < 7; index += 1) {
    const { data } = await stint.timeEntries.create({ service_id: DESIGN, date: "2025-11-03", time: index });
    made.push(data.id);
  }
  const sizes: number[] = [];
  const seen: string[] = [];
  const list = stint.timeEntries.list({ filter: { date: "2025-11-03" }, pageSize: 3 });
  for await (const page of list.pages()) sizes.push(page.data.length);
  for await (const entry of list) seen.push(entry.id);
  assert.ok(sizes.length >= 3, String(sizes));
  assert.deepEqual([...seen].sort(), [...made].sort());
  assert.deepEqual(
    (await list.toArray(4)).map((entry) => entry.id),
    seen.slice(0, 4),
  );
  for (const id of made) await stint.timeEntries.delete(id);
});

test("Client-Time corrects a wrong clock", async () => {
  const now = () => new Date(Date.now() - 600_000);
  const slow = new Stint({ baseUrl, token: "demo-admin", organizationId: 2149, now });
  const { data } = await slow.timers.start({ service_id: DESIGN });
  const stopped = await slow.timers.stop(data.id, { stopped_at: now() });
  assert.ok(Math.abs(stopped.meta.clock_skew_seconds! + 600) <= 2, String(stopped.meta.clock_skew_seconds));
  assert.ok(Math.abs(Date.parse(stopped.data.attributes.stopped_at!) - Date.now()) < 5000);
  await stint.timers.delete(data.id);
});

test("me, without an organization", async () => {
  const { person, organization, membership } = await new Stint({ baseUrl, token: "demo-member" }).me();
  assert.equal(person.id, "8784");
  assert.equal(organization.id, "2149");
  assert.equal(organization.attributes.time_zone, "Europe/Zagreb");
  assert.equal(membership.type, "organization_memberships");
});

test("services: find, create, change, archive, restore", async () => {
  const [design] = await stint.services.list({ filter: { name: "Design" } }).toArray();
  assert.equal(design?.id, DESIGN);
  const { data } = await stint.services.create({ name: `TypeScript ${Date.now()}` });
  assert.equal((await stint.services.update(data.id, { billable: false })).data.attributes.billable, false);
  assert.notEqual((await stint.services.archive(data.id)).data.attributes.archived_at, null);
  assert.equal((await stint.services.restore(data.id)).data.attributes.archived_at, null);
  assert.equal((await stint.services.get(data.id)).data.attributes.billable, false);
});

test("people: find, create, change", async () => {
  const email = `ada-${Date.now()}@example.com`;
  const { data } = await stint.people.create({ first_name: "Ada", last_name: "King", email });
  await stint.people.update(data.id, { title: "Analyst" });
  const [found] = await stint.people.list({ filter: { email } }).toArray();
  assert.deepEqual([found?.id, found?.attributes.title], [data.id, "Analyst"]);
  assert.equal((await stint.people.get(data.id)).data.attributes.email, email);
});

test("a person's long id is exact, in a filter and in an attribute", async () => {
  const id = "912345678901234";
  assert.equal((await stint.people.get(id)).data.id, id);
  const timers = await stint.timers.list({ filter: { person_id: id } }).toArray();
  assert.ok(timers.length > 0);
  for (const timer of timers) assert.equal(String(timer.attributes.person_id), id);
});

test("fields limits the attributes", async () => {
  const { data } = await stint.timers.get("9", { fields: { timers: ["total_time"] } });
  assert.deepEqual(data.attributes, { total_time: 60 });
});

test("any request and any list of the description", async () => {
  const { data: webhook, meta } = await stint.request("POST", "/webhooks", {
    body: { data: { attributes: { name: "typed", url: "http://127.0.0.1:9/" } } },
  });
  assert.ok(meta.secret);
  const listed = await stint.list("/webhooks", { query: { "page[size]": 1 } }).toArray();
  assert.ok(listed.some((each) => each.id === webhook.id));
  await stint.request("DELETE", "/webhooks/{id}", { path: { id: webhook.id } });
  await assert.rejects(stint.request("GET", "/webhooks/{id}", { path: { id: webhook.id } }), { status: 404 });
});

test("pairing gives a token", async () => {
  const { meta } = await stint.request("POST", "/pairings", { body: { data: { attributes: {} } } });
  assert.ok(meta.code);
  const { token, organizationId, person } = await redeemPairing({ baseUrl, code: meta.code });
  assert.deepEqual([organizationId, person.id], ["2149", "8779"]);
  const paired = new Stint({ baseUrl, token, organizationId });
  assert.equal((await paired.me()).person.id, "8779");
  await paired.request("DELETE", "/api_tokens/{id}", { path: { id: "current" } });
});

test("errors of the API", async () => {
  await assert.rejects(stint.timers.start({}), {
    status: 422,
    code: "invalid_attribute",
    pointer: "data/attributes/service",
  });
  const stranger = new Stint({ baseUrl, token: "unknown", organizationId: 2149 });
  await assert.rejects(stranger.timers.running(), { status: 401, code: "invalid_auth_token" });
});
