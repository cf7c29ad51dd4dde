// Login with a pairing code or a token, and logout.

import { RefusedError, RetryableError, sendRequest, withQuery } from "../shared/api.js";
import { offset } from "../shared/clock.js";
import { isLoopback, readAccount, redeem, takePairing } from "../shared/pairing.js";
import { ownerOf } from "./merge.js";
import { messageWithWait } from "./messages.js";
import { announceChange, retryStorage, transact } from "./store.js";
import { TEXTS } from "./texts.js";

const DEMO_TOKEN = "demo-admin";
// The tokens of the demo are public, and everybody shares them.
const SHARED_TOKEN = /^demo-/;

const $ = (id) => document.getElementById(id);

// The accounts that the form offers for choice.
let choices = [];

export function prepareLogin() {
  $("base").value = new URL("../api/v2", location.href).href;
  // The demo token is public, so only a local server has it.
  $("demo").hidden = !isLoopback(location.hostname);
  $("demo").onclick = () => {
    $("token").value = DEMO_TOKEN;
    $("code").value = "";
    showChoices([]);
    $("login-form").requestSubmit($("log-in"));
  };
  $("token").oninput = $("base").oninput = () => showChoices([]);
  $("login-form").onsubmit = async (event) => {
    event.preventDefault();
    $("login-error").textContent = "";
    $("log-in").disabled = $("demo").disabled = true;
    const [base, code, token] = ["base", "code", "token"].map((id) => $(id).value.trim());
    try {
      if (code) await pair(base.replace(/\/+$/, ""), code);
      else if (token) await logIn(base.replace(/\/+$/, ""), token);
      else $("login-error").textContent = TEXTS.noCredentials;
    } catch (error) {
      $("login-error").textContent = messageFor(error, code);
    } finally {
      $("log-in").disabled = $("demo").disabled = false;
    }
  };
  addEventListener("hashchange", openLink);
  openLink();
}

// Logs in with the pairing code of a link. Asks first if another person is logged in, and if the link
// names an API on another origin: somebody else may have made the link.
async function openLink() {
  const pairing = takePairing();
  if (!pairing) return;
  const [account] = await readAll();
  if (account && !account.lockedOut) {
    if (!confirm(TEXTS.replaceLogin(account.person.name)) || !(await logOut())) return;
  }
  $("code").value = pairing.code;
  if (pairing.base && pairing.base !== $("base").value) {
    $("base").value = pairing.base;
    $("server").open = true;
    $("login-error").textContent = TEXTS.checkAddress;
    return;
  }
  $("login-form").requestSubmit($("log-in"));
}

async function pair(base, code) {
  const account = await redeem(base, code);
  // The code is used: a second attempt with it would fail.
  $("code").value = "";
  if (!(await storeAccount(account))) await revokeToken(account);
}

function messageFor(error, code) {
  if (error.status === 401) return TEXTS.invalidToken;
  if (code && error.status === 403) return TEXTS.invalidCode;
  if (code && error.status === 422) return TEXTS.tooManyTokens;
  if (error instanceof RetryableError || error instanceof RefusedError) return messageWithWait(error);
  throw error;
}

async function logIn(base, token) {
  const accounts = choices.length ? choices : await loadAccounts(base, token);
  if (accounts.length === 0) {
    $("login-error").textContent = TEXTS.noOrganization;
    return;
  }
  if (accounts.length > 1 && $("choice").hidden) {
    showChoices(accounts);
    $("organization").focus();
    $("login-error").textContent = TEXTS.chooseOrganization;
    return;
  }
  await storeAccount(accounts[$("choice").hidden ? 0 : $("organization").selectedIndex]);
}

// Returns whether the person is logged in now. The queue belongs to one person, and must not be sent with
// the token of another person. So another person can log in only after the queue is deleted.
async function storeAccount(account) {
  const isOther = (previous) => ownerOf(previous) !== ownerOf(account);
  if (!(await deleteQueue(isOther, (store) => putAccount(store, account)))) return false;
  $("token").value = $("code").value = "";
  showChoices([]);
  // Ask the browser not to delete the queue when the phone's storage is full. It may refuse.
  navigator.storage?.persist?.().catch(() => {});
  announceChange();
  await retryStorage();
  return true;
}

async function putAccount(store, account) {
  await store.putValue("account", account);
  await store.putValue("offset", offset());
}

function showChoices(accounts) {
  choices = accounts;
  $("choice").hidden = accounts.length === 0;
  $("organization").replaceChildren(...accounts.map(({ organization }) =>
    Object.assign(new Option(organization.name), { dir: "auto" })));
}

// Returns one account for each organization of the token.
async function loadAccounts(base, token) {
  const path = withQuery("/organization_memberships", { include: "organization,person" });
  const { document } = await sendRequest({ base, token }, "GET", path);
  return document.data.map(({ relationships: { organization, person } }) =>
    readAccount(base, token, document.included, organization, person));
}

// Deletes all data if `mustDelete` says so of the account that is logged in, and then runs `work`, in the
// same transaction: meanwhile, somebody can tap or log in, also in another tab. Asks first if the data has
// taps that are not in `agreed`, the keys of those that the person agreed to delete. Returns whether it
// was done.
async function deleteQueue(mustDelete, work = () => {}, agreed = []) {
  const left = await transact(async (store) => {
    const account = await store.value("account");
    if (account && mustDelete(account)) {
      const keys = keysOf(await store.actions(), await store.notices());
      if (keys.some((key) => !agreed.includes(key))) return { account, keys };
      await store.deleteAll();
    }
    await work(store);
    return null;
  });
  if (!left) return true;
  return confirmDeletion(left.keys, left.account) && deleteQueue(mustDelete, work, left.keys);
}

// Revokes the token, and deletes all stored data. Returns whether the person is logged out now.
export async function logOut() {
  const [account, actions, notices] = await readAll();
  const keys = keysOf(actions, notices);
  if (!confirmDeletion(keys, account)) return false;
  $("log-out").disabled = true;
  try {
    if (account && !(await revokeToken(account)) && !confirm(TEXTS.stillValid)) return false;
  } finally {
    $("log-out").disabled = false;
  }
  if (!(await deleteQueue(({ login }) => login === account?.login, undefined, keys))) return false;
  announceChange();
  await retryStorage();
  return true;
}

// Returns whether the token is no longer valid, or is one that others use.
async function revokeToken(account) {
  if (SHARED_TOKEN.test(account.token)) return true;
  try {
    await sendRequest(account, "DELETE", "/api_tokens/current");
  } catch (error) {
    // Refused: it was revoked before.
    if (error instanceof RefusedError) return true;
    if (!(error instanceof RetryableError)) throw error;
    return false;
  }
  return true;
}

// Returns the keys of what is not recorded.
const keysOf = (actions, notices) =>
  [...actions, ...notices.filter(({ kind }) => kind === "refused")].map(({ key }) => key);

const confirmDeletion = (keys, account) =>
  keys.length === 0 || confirm(TEXTS.deleteTaps(account?.person.name, keys.length));

const readAll = () =>
  transact(async (store) => [await store.value("account"), await store.actions(), await store.notices()]);
