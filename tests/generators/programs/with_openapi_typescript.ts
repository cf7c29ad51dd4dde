// Uses the types that openapi-typescript makes, with openapi-fetch.
import createClient from "openapi-fetch";
import type { components, paths } from "./stint-types";

type Included = components["schemas"]["TimerIncluded"];
type Entry = components["schemas"]["TimeEntry"];

const [baseUrl, longId] = process.argv.slice(2) as [string, string];
const client = createClient<paths, "application/vnd.api+json">({
  baseUrl,
  headers: {
    "X-Auth-Token": "demo-admin",
    "X-Organization-Id": "2149",
    "Content-Type": "application/vnd.api+json",
  },
  // Lists of filters and includes are separated by commas.
  querySerializer: { array: { style: "form", explode: false } },
});

function isEntry(included: Included): included is Entry {
  return included.type === "time_entries";
}

/** Return the document of a successful response. */
function ok<Document>(response: { data?: Document; error?: unknown }): Document {
  if (response.data === undefined) throw new Error(JSON.stringify(response.error));
  return response.data;
}

async function main(): Promise<void> {
  const started = ok(
    await client.POST("/timers", {
      params: { header: { "Idempotency-Key": "types-1" } },
      body: { data: { type: "timers", attributes: { service_id: "1296" } } },
    }),
  );
  const page = ok(
    await client.GET("/timers", {
      params: {
        query: {
          "filter[stopped_at]": "",
          sort: "-started_at",
          include: ["time_entry", "time_entry.service"],
        },
      },
    }),
  );
  const included = page.included ?? [];
  const path = { id: started.data.id };
  const stopped = ok(await client.PATCH("/timers/{id}/stop", { params: { path } }));
  const created = ok(
    await client.POST("/time_entries", {
      body: { data: { attributes: { service_id: "1294", time: 30 } } },
    }),
  );
  const service = { data: { type: "services", id: "1294" } } as const;
  const linked = ok(
    await client.POST("/time_entries", {
      body: { data: { attributes: {}, relationships: { service } } },
    }),
  );
  const ofLongId = ok(
    await client.GET("/timers", { params: { query: { "filter[person_id]": [longId] } } }),
  );
  const person = ok(await client.GET("/people/{id}", { params: { path: { id: longId } } }));
  const missing = await client.GET("/timers/{id}", { params: { path: { id: "99" } } });
  console.log(
    JSON.stringify({
      started: started.data.id,
      listed: page.data.map((timer) => timer.id),
      included: [...new Set(included.map((each) => each.type))].sort(),
      entries: included.filter(isEntry).map((entry) => entry.attributes.time),
      stopped: stopped.data.attributes.stopped_at !== null,
      created: [created.data.attributes.time, linked.data.attributes.time],
      long_id: [ofLongId.data[0]?.attributes.person_id, person.data.id],
      error: missing.error?.errors[0]?.code,
    }),
  );
}

void main();
