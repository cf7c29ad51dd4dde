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
  const { first_name, last_name, time_zone, role } = find(person).attributes;
  return {
    organization: { id: company.id, name: company.attributes.name, zone: company.attributes.time_zone },
    role,
    person: { id: person.data.id, name: `${first_name} ${last_name}`, zone: time_zone ?? null },
  };
}
