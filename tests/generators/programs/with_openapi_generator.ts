// Uses the client that openapi-generator makes for TypeScript.
import { Configuration, PeopleApi, ResponseError, TimeEntriesApi, TimersApi } from "./stint-client";
import type { Errors, TimeEntry, TimerIncluded } from "./stint-client";

const [basePath, longId] = process.argv.slice(2) as [string, string];
const keys: Record<string, string> = { "X-Auth-Token": "demo-admin", "X-Organization-Id": "2149" };
const configuration = new Configuration({ basePath, apiKey: (name: string) => keys[name] ?? "" });
const timers = new TimersApi(configuration);
const entries = new TimeEntriesApi(configuration);

function isEntry(included: TimerIncluded): included is { type: "time_entries" } & TimeEntry {
  return included.type === "time_entries";
}

async function errorCode(): Promise<string> {
  try {
    await timers.showTimer({ id: "99" });
  } catch (error) {
    if (error instanceof ResponseError) {
      const document = (await error.response.json()) as Errors;
      return document.errors[0]?.code ?? "";
    }
    throw error;
  }
  return "";
}

async function main(): Promise<void> {
  const started = await timers.startTimer({
    idempotencyKey: "typescript-1",
    startTimerBody: { data: { type: "timers", attributes: { serviceId: "1296" } } },
  });
  const page = await timers.listTimers({
    filterStoppedAt: "",
    sort: "-started_at",
    include: ["time_entry", "time_entry.service"],
  });
  const included = page.included ?? [];
  const stopped = await timers.stopTimer({ id: started.data.id });
  const created = await entries.createTimeEntry({
    createTimeEntryBody: { data: { attributes: { serviceId: "1294", time: 30 } } },
  });
  const linked = await entries.createTimeEntry({
    createTimeEntryBody: {
      data: {
        attributes: {},
        relationships: { service: { data: { type: "services", id: "1294" } } },
      },
    },
  });
  const ofLongId = await timers.listTimers({ filterPersonId: [longId] });
  const person = await new PeopleApi(configuration).showPerson({ id: longId });
  console.log(
    JSON.stringify({
      started: started.data.id,
      listed: page.data.map((timer) => timer.id),
      included: [...new Set(included.map((each) => each.type))].sort(),
      entries: included.filter(isEntry).map((entry) => entry.attributes.time),
      stopped: stopped.data.attributes.stoppedAt instanceof Date,
      created: [created.data.attributes.time, linked.data.attributes.time],
      long_id: [ofLongId.data[0]?.attributes.personId, person.data.id],
      error: await errorCode(),
    }),
  );
}

void main();
