// Pairing codes: one-time codes that log this device in. A person types one, or opens a link with one.

import { sendRequest } from "./api.js";

// Returns {code, base} from the address of the page, or null. `base` is null if the API is on the
// origin of the page. Removes the code from the address bar and from the browser's history.
export function takePairing() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const code = parameters.get("pair");
  if (!code) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return { code, base: parameters.get("api") };
}

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

// Returns the link that logs a device in to this page, as takePairing reads it. The code is in the
// fragment, which browsers send to no server. `base` is the address of the API.
export function pairingLink(code, base) {
  const link = new URL(location.pathname, location.href);
  const isOwn = base === new URL("../api/v2", link).href;
  link.hash = new URLSearchParams(isOwn ? { pair: code } : { pair: code, api: base });
  return link.href;
}

// Returns whether only this computer reaches a host.
export const isLoopback = (hostname) => LOOPBACK.includes(hostname);

// Exchanges a code for a token of its person, once; returns the account. If the response is lost, the
// code is used, and the person needs another one.
export async function redeem(base, code) {
  const body = JSON.stringify({ data: { type: "pairings", attributes: { code } } });
  const path = "/pairings/redeem?include=organization,person";
  const { document } = await sendRequest({ base }, "POST", path, { body });
  const { organization, person } = document.data.relationships;
  return readAccount(base, document.meta.token, document.included, organization, person);
}

// Returns the account of a token. `organization` and `person` are relationships to `included`.
export const readAccount = (base, token, included, organization, person) => ({
  // Responses to requests of an earlier login are not stored: see transactAs in store.js.
  login: crypto.randomUUID(),
  base,
  token,
  ...readMembership(included, organization, person),
});

// Returns the part of an account that can change without a new login.
export function readMembership(included, organization, person) {
  const find = ({ data: { type, id } }) =>
    included.find((resource) => resource.type === type && resource.id === id);
  const company = find(organization);
  const { first_name, last_name, role } = find(person).attributes;
  const { name, closed_until: closedUntil } = company.attributes;
  return {
    organization: { id: company.id, name, closedUntil, ...readOrganizationTimes(company) },
    role,
    person: { id: person.data.id, name: `${first_name} ${last_name}`, ...readPersonTimes(find(person)) },
  };
}

// Returns the zone of an organization, and when its timers stop by themselves: limits.js.
export const readOrganizationTimes = ({ attributes }) => ({
  zone: attributes.time_zone,
  autoStopAfter: attributes.auto_stop_after,
  autoStopAtTime: attributes.auto_stop_at_time ?? null,
});

// Returns the zone of a person, and the time of day at which their timers stop, where they have their own.
export const readPersonTimes = ({ attributes }) => ({
  zone: attributes.time_zone ?? null,
  autoStopAtTime: attributes.auto_stop_at_time ?? null,
});
