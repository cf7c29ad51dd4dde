// Loads the server's state: what can change in the account (readMembership), the services, the running
// timer, and the sessions of the last days.

import { sendRequest, withQuery } from "../shared/api.js";
import { format, now, offset, parse, startOfDay, zoneOf } from "../shared/clock.js";
import { readMembership } from "../shared/pairing.js";
import { beginOfLists, unansweredStops } from "./autostops.js";
import { isUnsettled, mergeLists } from "./day.js";
import { transactAs } from "./store.js";
import { readService, readTimer } from "./timers.js";
import { earlierTimers } from "./week.js";

export const PAGE = { "page[size]": 200 };

const SINCE = "filter[stopped_at][gt_eq]";

// How many days before today the page shows.
const EARLIER_DAYS = 7;

// The format of the stored records. Change it together with READERS, so that the lists that an earlier
// version of this page stored are loaded again.
const FORMAT = 4;

export const TIMER_LISTS = ["running", "recent"];
export const LISTS = ["membership", ...TIMER_LISTS, "services"];

// The names of the values that refresh needs: the lists, and when the timers were loaded.
export const LISTS_AND_TIME = [...LISTS, "refreshedAt"];

const MEMBERSHIP_PATH = withQuery("/organization_memberships", { include: "organization,person" });

// Loads and stores the lists with these names, and those that the page needs with other parameters
// than before. Returns whether something has changed. Call it only while no action is being sent, so
// that no response is older than the stored state. Throws RetryableError or RefusedError.
export async function refresh(account, stored, names) {
  const lists = {};
  let hasChanged = false;
  const load = async (name, path) => {
    lists[name] = await loadList(account, path, stored[name]);
    const isNew = JSON.stringify(lists[name].records) !== JSON.stringify(stored[name]?.records);
    hasChanged ||= isNew;
    return isNew;
  };
  // In sequence: on a slow network, one response at a time arrives sooner than three at once.
  if (names.includes("membership")) await load("membership", MEMBERSHIP_PATH);
  // At midnight, and in another time zone, the sessions of the last days have another path.
  const paths = pathsOf(withMembership(account, lists.membership), stored.refreshedAt);
  const isNeeded = (name) => names.includes(name) || stored[name]?.path !== paths[name];
  // A timer that runs no longer is in the recent list, so that list alone would be wrong.
  if (TIMER_LISTS.some(isNeeded)) {
    const isOther = await load("running", paths.running);
    if (isOther || isNeeded("recent")) await load("recent", paths.recent);
  }
  if (isNeeded("services")) await load("services", paths.services);
  await storeLists(account, lists);
  return hasChanged;
}

// `refreshedAt` is when the lists were last loaded.
function pathsOf(account, refreshedAt) {
  const own = { "filter[person_id]": account.person.id, include: "time_entry.service", ...PAGE };
  // Sessions are found by their end, so that those that began on the day before are included.
  const zone = zoneOf(account);
  const firstDay = startOfDay(now(), zone, EARLIER_DAYS);
  const since = format(beginOfLists(firstDay, refreshedAt, now(), zone));
  return {
    services: withQuery("/services", { "filter[time_tracking_enabled]": true, sort: "name", ...PAGE }),
    running: withQuery("/timers", { ...own, "filter[stopped_at]": "" }),
    recent: withQuery("/timers", { ...own, [SINCE]: since, sort: "-stopped_at" }),
  };
}

function storeLists(account, lists) {
  return transactAs(account, async (store) => {
    const { membership, running, recent } = lists;
    let isSettled = true;
    if (membership) await store.putValue("account", withMembership(await store.value("account"), membership));
    if (recent) {
      const timers = (await store.value("timers")) ?? [];
      const since = sinceOf(recent);
      const unanswered = unansweredStops(timers, (await store.value("confirmed")) ?? [], since);
      const earlier = earlierTimers(timers, since, (await store.value("weeks")) ?? {});
      const listed = [...unanswered, ...earlier, ...recent.records, ...running.records];
      await store.putValue("timers", mergeLists(timers, listed, now()));
      isSettled = !isUnsettled(timers, listed, now());
    }
    if (running) await store.putValue("refreshedAt", now());
    for (const [name, list] of Object.entries(lists)) {
      const isDue = !isSettled && TIMER_LISTS.includes(name);
      // A time of the phone's clock in milliseconds.
      await store.putValue(name, { ...list, checkedAt: isDue ? 0 : Date.now() });
    }
    await store.putValue("offset", offset());
  });
}

// Returns the account with the present names, time zones and role.
function withMembership(account, membership) {
  const isSame = ({ organization, person }) =>
    organization.id === account.organization.id && person.id === account.person.id;
  return { ...account, ...membership?.records.find(isSame) };
}

// Returns the timestamp since which the recent list has all ends of sessions, or undefined.
export function sinceOf(recent) {
  const text = recent && new URLSearchParams(recent.path.split("?")[1]).get(SINCE);
  return text ? parse(text) : undefined;
}

// Returns a list with all its pages, as {format, path, etag, records}. Returns the stored list if the
// server responds that it has not changed (304). `read` converts a resource to a record.
export async function loadList(account, path, stored, read = readRecord) {
  const etag = stored?.path === path && stored.format === FORMAT ? stored.etag : undefined;
  const first = await sendRequest(account, "GET", path, { etag });
  if (first === null) return stored;
  const records = [];
  for (let page = first; page; page = await nextPage(account, page.document)) {
    records.push(...page.document.data.map((record) => read(record, page.document.included)));
  }
  // The ETag covers only the first page. So a list of several pages is always loaded again.
  const listEtag = first.document.links.next ? undefined : first.etag;
  return { format: FORMAT, path, etag: listEtag, records };
}

// Links are absolute, with the address that the server knows. The account's base URL may differ,
// for example behind a proxy. So only the end of the link is used.
async function nextPage(account, { links }) {
  if (!links.next) return null;
  const { pathname, search } = new URL(links.next);
  return sendRequest(account, "GET", pathname.slice(pathname.lastIndexOf("/")) + search);
}

const READERS = {
  organization_memberships: ({ relationships: { organization, person } }, included) =>
    readMembership(included, organization, person),
  services: readService,
  timers: readTimer,
};

const readRecord = (record, included) => READERS[record.type](record, included);
