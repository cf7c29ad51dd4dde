// What the server knows: the services, what runs, and today's sessions.

import { call, query, readService, readTimer } from "./api.js";
import { dateOf, now, offset } from "./clock.js";
import { listed } from "./day.js";
import { transactAs } from "./store.js";

const PAGE = { "page[size]": 200 };

// Asks for everything, and keeps it. Only called while no act is on its way, so that no answer is
// older than what is kept. Throws Away or Refused.
export async function refresh(account, known) {
  const mine = { "filter[person_id]": account.person.id, include: "time_entry.service", ...PAGE };
  const today = dateOf(now(), account.organization.zone);
  const read = {};
  // One after the other: a bad line carries one answer sooner than three.
  for (const [name, path] of Object.entries({
    services: query("/services", { "filter[time_tracking_enabled]": true, sort: "name", ...PAGE }),
    running: query("/timers", { ...mine, "filter[stopped_at]": "" }),
    today: query("/timers", { ...mine, "filter[started_at]": today }),
  })) {
    read[name] = await revalidated(account, path, known[name]);
  }
  await transactAs(account, async (kept) => {
    for (const [name, list] of Object.entries(read)) await kept.keep(name, list);
    const found = [...read.today.records, ...read.running.records];
    await kept.keep("timers", listed((await kept.fact("timers")) ?? [], found, now()));
    await kept.keep("offset", offset());
  });
}

// A whole list, {path, etag, records}: the known one, where the server says that it still holds.
async function revalidated(account, path, known) {
  const etag = known?.path === path ? known.etag : undefined;
  const first = await call(account, "GET", path, { etag });
  if (first === null) return known;
  const records = [];
  for (let page = first; page; page = await nextPage(account, page.document)) {
    records.push(...page.document.data.map((it) => readRecord(it, page.document.included)));
  }
  // A page after the first may change while the first does not: a longer list is read anew.
  const whole = first.document.links.next ? undefined : first.etag;
  return { path, etag: whole, records };
}

// Links are absolute, from the server's own view of its address; ours may lead there otherwise.
async function nextPage(account, { links }) {
  if (!links.next) return null;
  const { pathname, search } = new URL(links.next);
  return call(account, "GET", pathname.slice(pathname.lastIndexOf("/")) + search);
}

const readRecord = (record, included) =>
  record.type === "services" ? readService(record) : readTimer(record, included);
