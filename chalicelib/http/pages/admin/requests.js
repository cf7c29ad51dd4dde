// Requests to the API with the account that is logged in.

import { RefusedError, RetryableError, errorOf, sendRequest, withQuery } from "../shared/api.js";

const PAGE_SIZE = 200;
let account;
let onRejectedToken;

// The keys of writes without a response: sent again, they are not processed twice.
const keys = new Map();

export function useAccount(used, callback) {
  account = used;
  onRejectedToken = callback;
  keys.clear();
}

const send = (...parameters) => asAccount((sender) => sendRequest(sender, ...parameters));

// Calls a function with the account, and ends the session if its token is rejected.
async function asAccount(operation) {
  const sender = account;
  try {
    return await operation(sender);
  } catch (error) {
    if (error.status === 401 && sender === account) onRejectedToken();
    throw error;
  }
}

// Returns the document of a path. Throws RetryableError or RefusedError, as all functions here do.
export const get = async (path, parameters = {}) =>
  (await send("GET", withQuery(path, parameters))).document;

// Returns the document of a link, such as the next page. Links have the address that the server
// knows, so only their end is used.
export async function follow(path, link) {
  return (await send("GET", path + new URL(link).search)).document;
}

// Returns a list with all its pages.
export async function getAll(path, parameters = {}) {
  const list = { data: [], included: [] };
  let page = await get(path, { ...parameters, "page[size]": PAGE_SIZE });
  for (;;) {
    list.data.push(...page.data);
    list.included.push(...(page.included ?? []));
    if (!page.links.next) return list;
    page = await follow(path, page.links.next);
  }
}

// Sends a write, and returns the response's document. `attributes` is absent for an action.
export async function write(method, path, attributes) {
  const body = attributes && JSON.stringify({ data: { attributes } });
  const act = [method, path, body].join(" ");
  if (!keys.has(act)) keys.set(act, crypto.randomUUID());
  try {
    const { document } = await send(method, path, { body, key: keys.get(act) });
    keys.delete(act);
    return document;
  } catch (error) {
    if (error instanceof RefusedError) keys.delete(act);
    throw error;
  }
}

// Downloads a list as CSV. A link cannot do it: the request has the token in a header.
export async function download(path, parameters, name) {
  const content = await asAccount((sender) => fetchFile(sender, withQuery(path, { ...parameters, format: "csv" })));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function fetchFile({ base, token, organization }, path) {
  const headers = { "X-Auth-Token": token, "X-Organization-Id": organization.id };
  let response;
  let content;
  try {
    response = await fetch(base + path, { headers, cache: "no-store", redirect: "error" });
    content = await (response.ok ? response.blob() : response.json());
  } catch {
    throw new RetryableError("No connection", { isConnected: false });
  }
  if (!response.ok) throw errorOf(response, content);
  return content;
}

// Returns the included resource of a relationship, or null.
export function related({ included = [] }, record, name) {
  const reference = record?.relationships[name]?.data;
  return (reference && included.find(({ type, id }) => type === reference.type && id === reference.id)) || null;
}

export const nameOf = (person) =>
  person ? `${person.attributes.first_name} ${person.attributes.last_name}` : "";
