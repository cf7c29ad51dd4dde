// The order of the services, and the difference between services with the same name. Pure functions.

// How many recently used services come first.
const MAX_RECENT = 6;

// With more services than this, the others are folded, and the page has a search field.
export const MAX_UNFOLDED = 8;

// Returns the services as {service, isFirst}: those used recently, the favourites, and the others by
// name. `isFirst` is whether it is shown while the others are folded. `favourites` are ids.
// Only sessions that began before `opened` change the order, so that no button moves under a finger.
export function orderServices(services, sessions, favourites, opened, locale) {
  const lastUse = new Map();
  const usedSince = new Set();
  for (const { service, started } of sessions) {
    if (started >= opened) usedSince.add(service.id);
    else lastUse.set(service.id, Math.max(started, lastUse.get(service.id) ?? 0));
  }
  const { compare } = new Intl.Collator(locale, { numeric: true });
  const byName = [...services].sort((one, other) => compare(one.name, other.name) || one.id - other.id);
  const used = byName.filter(({ id }) => lastUse.has(id));
  const recent = used.sort((one, other) => lastUse.get(other.id) - lastUse.get(one.id)).slice(0, MAX_RECENT);
  const preferred = byName.filter((service) => favourites.includes(service.id) && !recent.includes(service));
  const first = [...recent, ...preferred];
  const others = byName.filter((service) => !first.includes(service));
  return [...first, ...others].map((service, index) => ({
    service,
    isFirst: first.includes(service) || usedSince.has(service.id) || index < MAX_UNFOLDED,
  }));
}

// Returns the difference of each service that has the name of another one, by id: "billable",
// "internal", or "number" if only the id differs.
export function distinguish(services) {
  const remarks = new Map();
  const byName = new Map();
  for (const service of services) {
    byName.set(service.name.trim(), [...(byName.get(service.name.trim()) ?? []), service]);
  }
  for (const named of [...byName.values()].filter(({ length }) => length > 1)) {
    const isPair = named.length === 2 && named[0].billable !== named[1].billable;
    for (const { id, billable } of named) remarks.set(id, remarkOf(isPair, billable));
  }
  return remarks;
}

function remarkOf(isPair, billable) {
  if (!isPair) return "number";
  return billable ? "billable" : "internal";
}
