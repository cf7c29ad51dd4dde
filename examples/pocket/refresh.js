// Loads the server's state: the services, the running timer, and today's sessions.

import { readService, readTimer, sendRequest, withQuery } from "./api.js";
import { dateOf, now, offset } from "./clock.js";
import { mergeLists } from "./day.js";
import { transactAs } from "./store.js";

const PAGE = { "page[size]": 200 };

// Loads and stores all lists. Call it only while no action is being sent, so that no response is
// older than the stored state. Throws RetryableError or RefusedError.
export async function refresh(account, stored) {
  const own = { "filter[person_id]": account.person.id, include: "time_entry.service", ...PAGE };
  const today = dateOf(now(), account.organization.zone);
  const lists = {};
  // In sequence: on a slow network, one response at a time arrives sooner than three at once.
  for (const [name, path] of Object.entries({
    services: withQuery("/services", { "filter[time_tracking_enabled]": true, sort: "name", ...PAGE }),
    running: withQuery("/timers", { ...own, "filter[stopped_at]": "" }),
    today: withQuery("/timers", { ...own, "filter[started_at]": today }),
  })) {
    lists[name] = await loadList(account, path, stored[name]);
  }
  await transactAs(account, async (store) => {
    for (const [name, list] of Object.entries(lists)) await store.putValue(name, list);
    const listed = [...lists.today.records, ...lists.running.records];
    await store.putValue("timers", mergeLists((await store.value("timers")) ?? [], listed, now()));
    await store.putValue("offset", offset());
  });
}

// Returns a list with all its pages, as {path, etag, records}. Returns the stored list if the
// server responds that it has not changed (304).
async function loadList(account, path, stored) {
  const etag = stored?.path === path ? stored.etag : undefined;
  const first = await sendRequest(account, "GET", path, { etag });
  if (first === null) return stored;
  const records = [];
  for (let page = first; page; page = await nextPage(account, page.document)) {
    records.push(...page.document.data.map((record) => readRecord(record, page.document.included)));
  }
  // The ETag covers only the first page. So a list of several pages is always loaded again.
  const listEtag = first.document.links.next ? undefined : first.etag;
  return { path, etag: listEtag, records };
}

// Links are absolute, with the address that the server knows. The account's base URL may differ,
// for example behind a proxy. So only the end of the link is used.
async function nextPage(account, { links }) {
  if (!links.next) return null;
  const { pathname, search } = new URL(links.next);
  return sendRequest(account, "GET", pathname.slice(pathname.lastIndexOf("/")) + search);
}

const readRecord = (record, included) =>
  record.type === "services" ? readService(record) : readTimer(record, included);
