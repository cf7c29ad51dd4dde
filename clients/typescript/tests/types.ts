/** Mistakes that the compiler must find, and types that it must know. Compiled, and never run. */
import { related, Stint, type Timer } from "../src/index.js";

export async function mistakes(stint: Stint, timer: Timer): Promise<void> {
  // @ts-expect-error: not an attribute of a start
  await stint.timers.start({ service: "1296" });
  // @ts-expect-error: ids are strings
  await stint.timers.start({ service_id: 1296 });
  // @ts-expect-error: not an attribute of an entry
  await stint.timeEntries.create({ service_id: "1", minutes: 30 });
  // @ts-expect-error: an entry needs a service
  await stint.timeEntries.create({ time: 30 });
  // @ts-expect-error: minutes are a number
  await stint.timeEntries.update("1", { time: "30" });
  // @ts-expect-error: a note is no time
  await stint.timeEntries.update("1", { note: new Date() });
  // @ts-expect-error: not a filter of timers
  stint.timers.list({ filter: { service: "1" } });
  // @ts-expect-error: not an operator of times
  stint.timers.list({ filter: { started_at: { after: "2026-01-01" } } });
  // @ts-expect-error: not a sort of timers
  stint.timers.list({ sort: "name" });
  // @ts-expect-error: cannot be included
  stint.timers.list({ include: ["invoice"] });
  // @ts-expect-error: not an option
  stint.timers.list({ pageSise: 10 });
  // @ts-expect-error: a creation has no version to compare
  await stint.timeEntries.create({ service_id: "1" }, { ifMatch: "*" });
  // @ts-expect-error: not a path of the description
  await stint.request("GET", "/invoices");
  // @ts-expect-error: timers have no POST on one record
  await stint.request("POST", "/timers/{id}");
  // @ts-expect-error: not a list
  stint.list("/timers/{id}");
  // @ts-expect-error: not an attribute of a timer
  timer.attributes.minutes;
  const { data: sparse } = await stint.timers.get("1", { fields: { timers: ["started_at"] } });
  // @ts-expect-error: with `fields`, an attribute can be absent
  sparse.attributes.total_time.toFixed();
}

export async function correct(stint: Stint): Promise<void> {
  const page = await stint.timers.list({ include: ["time_entry", "time_entry.service"] }).first();
  for (const timer of page.data) {
    const minutes: number = timer.attributes.total_time;
    const stopped: string | null = timer.attributes.stopped_at;
    const entry = related(page, timer.relationships.time_entry);
    const note: string | null | undefined = entry?.attributes.note;
    const service = entry && related(page, entry.relationships.service);
    const name: string | undefined = service?.attributes.name;
    void [minutes, stopped, note, name];
  }
  const { data: webhook } = await stint.request("GET", "/webhooks/{id}", { path: { id: "1" } });
  stint.services.list({ filter: { archived: true, id: "1" } });
  stint.timeEntries.list({ filter: { after: "2026-01-01", time: { gt_eq: 30 } }, sort: "-date" });
  await stint.timers.update("1", { started_at: new Date(), stopped_at: null }, { signal: undefined });
  const url: string | undefined = webhook.attributes.url;
  for await (const revision of stint.list("/timer_revisions")) void revision.attributes.created_at;
  void url;
}
