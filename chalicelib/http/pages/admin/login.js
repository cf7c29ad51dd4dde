// Login with a pairing code or a token, and logout. Only admins can use this page.

import { RefusedError, sendRequest, withQuery } from "../shared/api.js";
import { $ } from "../shared/dom.js";
import { readAccount, redeem, takePairing } from "../shared/pairing.js";
import { messageFor } from "./messages.js";
import { TEXTS } from "./texts.js";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const DEMO_TOKEN = "demo-admin";
// The tokens of the demo are public, and everybody shares them.
const SHARED_TOKEN = /^demo-/;

let logInWith;

// `callback` is called with the account of an admin.
export function prepareLogin(callback) {
  logInWith = callback;
  const labels = { code: TEXTS.code, token: TEXTS.token };
  for (const [id, text] of Object.entries(labels)) document.querySelector(`label[for=${id}]`).textContent = text;
  $("log-in").textContent = TEXTS.logIn;
  $("demo").textContent = TEXTS.demo;
  // The demo token is public, so only a local server has it.
  $("demo").hidden = !LOOPBACK.includes(location.hostname);
  $("demo").onclick = () => {
    $("token").value = DEMO_TOKEN;
    $("code").value = "";
    $("login-form").requestSubmit($("log-in"));
  };
  $("login-form").onsubmit = (event) => {
    event.preventDefault();
    logIn($("code").value.trim(), $("token").value.trim());
  };
}

// Shows the form, with a message, and redeems the pairing code of a link.
export function showLogin(message = "") {
  $("page").hidden = true;
  $("login").hidden = false;
  $("login-error").textContent = message;
  const pairing = takePairing();
  if (pairing) logIn(pairing.code, "");
}

async function logIn(code, token) {
  $("login-error").textContent = code || token ? "" : TEXTS.noCredentials;
  if (!code && !token) return;
  $("log-in").disabled = $("demo").disabled = true;
  try {
    const base = new URL("../api/v2", location.href).href;
    const account = code ? await redeem(base, code) : await findAccount(base, token);
    // The code is used: a second attempt with it would fail.
    $("code").value = "";
    if (account.role === "admin") {
      $("token").value = "";
      await logInWith(account);
    } else {
      if (code) await revoke(account);
      $("login-error").textContent = TEXTS.onlyAdmins;
    }
  } catch (error) {
    $("login-error").textContent = error.status === 401 ? TEXTS.invalidToken : messageFor(error);
  } finally {
    $("log-in").disabled = $("demo").disabled = false;
  }
}

async function findAccount(base, token) {
  const path = withQuery("/organization_memberships", { include: "organization,person" });
  const { document } = await sendRequest({ base, token }, "GET", path);
  const [{ relationships: { organization, person } }] = document.data;
  return readAccount(base, token, document.included, organization, person);
}

// Revokes the token of an account. Returns whether it is no longer valid, or is one that others use.
export async function revoke(account) {
  if (SHARED_TOKEN.test(account.token)) return true;
  try {
    await sendRequest(account, "DELETE", "/api_tokens/current");
    return true;
  } catch (error) {
    // Refused: it was revoked before.
    return error instanceof RefusedError;
  }
}
