// Login with a token, and logout.

import { RefusedError, RetryableError, sendRequest, withQuery } from "./api.js";
import { offset } from "./clock.js";
import { announceChange, transact } from "./store.js";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const DEMO_TOKEN = "demo-admin";

const $ = (id) => document.getElementById(id);

// The accounts that the form offers for choice.
let choices = [];

export function prepareLogin() {
  $("base").value = new URL("/api/v2", location.href).href;
  // The demo token is public, so only a local server has it.
  $("demo").hidden = !LOOPBACK.includes(location.hostname);
  $("demo").onclick = () => {
    $("token").value = DEMO_TOKEN;
    showChoices([]);
    $("login-form").requestSubmit($("log-in"));
  };
  $("token").oninput = $("base").oninput = () => showChoices([]);
  $("login-form").onsubmit = async (event) => {
    event.preventDefault();
    $("login-error").textContent = "";
    $("log-in").disabled = $("demo").disabled = true;
    try {
      await logIn($("base").value.replace(/\/+$/, ""), $("token").value.trim());
    } catch (error) {
      $("login-error").textContent = messageFor(error);
    } finally {
      $("log-in").disabled = $("demo").disabled = false;
    }
  };
}

function messageFor(error) {
  if (error.status === 401) return "This token is not valid.";
  if (error instanceof RetryableError || error instanceof RefusedError) return error.message;
  throw error;
}

async function logIn(base, token) {
  const accounts = choices.length ? choices : await loadAccounts(base, token);
  if (accounts.length > 1 && $("choice").hidden) {
    showChoices(accounts);
    $("organization").focus();
    $("login-error").textContent = "Choose one of your organizations.";
    return;
  }
  const account = accounts[$("choice").hidden ? 0 : $("organization").selectedIndex];
  if (!(await canReplaceAccount(account))) return;
  await transact((store) =>
    Promise.all([store.putValue("account", account), store.putValue("offset", offset())]));
  $("token").value = "";
  showChoices([]);
  // Ask the browser not to delete the queue when the phone's storage is full.
  navigator.storage.persist?.();
  announceChange();
}

function showChoices(accounts) {
  choices = accounts;
  $("choice").hidden = accounts.length === 0;
  $("organization").replaceChildren(...accounts.map((account) => new Option(account.organization.name)));
}

// Returns one account for each organization of the token.
async function loadAccounts(base, token) {
  const path = withQuery("/organization_memberships", { include: "organization,person" });
  const { document } = await sendRequest({ base, token }, "GET", path);
  const included = new Map(
    document.included.map((resource) => [`${resource.type} ${resource.id}`, resource]),
  );
  return document.data.map(({ relationships: { organization, person } }) => {
    const company = included.get(`organizations ${organization.data.id}`);
    const { first_name, last_name, time_zone } = included.get(`people ${person.data.id}`).attributes;
    return {
      // Responses to requests of an earlier login are not stored: see transactAs in store.js.
      login: crypto.randomUUID(),
      base,
      token,
      organization: { id: company.id, name: company.attributes.name, zone: company.attributes.time_zone },
      person: { id: person.data.id, name: `${first_name} ${last_name}`, zone: time_zone ?? null },
    };
  });
}

// The queue belongs to one person, and must not be sent with the token of another person. So
// another person can log in only after the queue is deleted.
async function canReplaceAccount(account) {
  const [previous, actions, notices] = await readAll();
  const ownerOf = ({ base, organization, person }) => [base, organization.id, person.id].join(" ");
  if (!previous || ownerOf(previous) === ownerOf(account)) return true;
  if (!confirmDeletion(actions, notices, previous.person.name)) return false;
  await transact((store) => store.deleteAll());
  return true;
}

export async function logOut() {
  const [account, actions, notices] = await readAll();
  if (!confirmDeletion(actions, notices, account?.person.name)) return;
  await transact((store) => store.deleteAll());
  announceChange();
}

function confirmDeletion(actions, notices, name) {
  const count = actions.length + notices.filter((notice) => notice.kind === "refused").length;
  if (count === 0) return true;
  return confirm(`Taps of ${name} that are not recorded yet: ${count}. Delete them?`);
}

const readAll = () =>
  transact(async (store) => [await store.value("account"), await store.actions(), await store.notices()]);
