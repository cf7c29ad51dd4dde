// Logging in with a token alone, and out again.

import { Away, Refused, call, query } from "./api.js";
import { offset } from "./clock.js";
import { tellChange, transact } from "./store.js";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const DEMO_TOKEN = "demo-admin";

const $ = (id) => document.getElementById(id);
let offered = [];

export function prepareLogin() {
  $("base").value = new URL("/api/v2", location.href).href;
  // Its token is public: a server that others can reach does not have it.
  $("demo").hidden = !LOOPBACK.includes(location.hostname);
  $("demo").onclick = () => {
    $("token").value = DEMO_TOKEN;
    offer([]);
    $("login-form").requestSubmit($("log-in"));
  };
  $("token").oninput = $("base").oninput = () => offer([]);
  $("login-form").onsubmit = async (event) => {
    event.preventDefault();
    $("login-words").textContent = "";
    $("log-in").disabled = $("demo").disabled = true;
    try {
      await logIn($("base").value.replace(/\/+$/, ""), $("token").value.trim());
    } catch (error) {
      $("login-words").textContent = wordsFor(error);
    } finally {
      $("log-in").disabled = $("demo").disabled = false;
    }
  };
}

function wordsFor(error) {
  if (error.status === 401) return "This token is not known.";
  if (error instanceof Away || error instanceof Refused) return error.message;
  throw error;
}

async function logIn(base, token) {
  const accounts = offered.length ? offered : await memberships(base, token);
  if (accounts.length > 1 && $("choice").hidden) {
    offer(accounts);
    $("organization").focus();
    $("login-words").textContent = "Choose one of your organizations.";
    return;
  }
  const account = accounts[$("choice").hidden ? 0 : $("organization").selectedIndex];
  if (!(await mayReplace(account))) return;
  await transact((kept) => Promise.all([kept.keep("account", account), kept.keep("offset", offset())]));
  $("token").value = "";
  offer([]);
  // What waits to be sent shall not be cleared away for want of space.
  navigator.storage.persist?.();
  tellChange();
}

function offer(accounts) {
  offered = accounts;
  $("choice").hidden = accounts.length === 0;
  $("organization").replaceChildren(...accounts.map((it) => new Option(it.organization.name)));
}

// What the token belongs to, as accounts.
async function memberships(base, token) {
  const path = query("/organization_memberships", { include: "organization,person" });
  const { document } = await call({ base, token }, "GET", path);
  const included = new Map(document.included.map((it) => [`${it.type} ${it.id}`, it]));
  return document.data.map(({ relationships: { organization, person } }) => {
    const company = included.get(`organizations ${organization.data.id}`);
    const { first_name, last_name } = included.get(`people ${person.data.id}`).attributes;
    return {
      // One login's requests do not write into what another left.
      login: crypto.randomUUID(),
      base,
      token,
      organization: { id: company.id, name: company.attributes.name, zone: company.attributes.time_zone },
      person: { id: person.data.id, name: `${first_name} ${last_name}` },
    };
  });
}

// What waits here belongs to one person: nobody else's token may send it.
async function mayReplace(account) {
  const [before, acts, notices] = await everything();
  const same = (it) => [it.base, it.organization.id, it.person.id].join(" ");
  if (!before || same(before) === same(account)) return true;
  if (!mayForget(acts, notices, before.person.name)) return false;
  await transact((kept) => kept.forget());
  return true;
}

export async function logOut() {
  const [account, acts, notices] = await everything();
  if (!mayForget(acts, notices, account?.person.name)) return;
  await transact((kept) => kept.forget());
  tellChange();
}

function mayForget(acts, notices, name) {
  const count = acts.length + notices.filter((it) => it.kind === "refused").length;
  if (count === 0) return true;
  return confirm(`${count} of ${name}'s starts and stops are not recorded yet. Throw them away?`);
}

const everything = () =>
  transact(async (kept) => [await kept.fact("account"), await kept.acts(), await kept.notices()]);
