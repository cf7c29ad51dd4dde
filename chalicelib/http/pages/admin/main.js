// Connects the other modules: login, navigation, and the view that the address names.

import { $, element } from "../shared/dom.js";
import { showChanges } from "./changes.js";
import { showDays } from "./days.js";
import { attempt, say } from "./elements.js";
import { prepareLogin, revoke, showLogin } from "./login.js";
import { showMonth } from "./month.js";
import { showNow } from "./now.js";
import { showPeople } from "./people.js";
import { useAccount } from "./requests.js";
import { showServices } from "./services.js";
import { forget, readStored, store } from "./session.js";
import { TEXTS, VIEWS } from "./texts.js";

const SHOW = {
  now: showNow,
  month: showMonth,
  days: showDays,
  people: showPeople,
  services: showServices,
  changes: showChanges,
};

let account;
let endView = () => {};
let shownCount = 0;

async function open(loggedIn) {
  account = loggedIn;
  useAccount(account, () => leave(TEXTS.tokenEnded));
  $("company").textContent = account.organization.name;
  $("person").textContent = account.person.name;
  $("login").hidden = true;
  $("page").hidden = false;
  await show();
}

async function leave(message = "") {
  endView();
  account = null;
  await forget();
  $("view").replaceChildren();
  $("dialog").close();
  showLogin(message);
}

async function logOut() {
  $("log-out").disabled = true;
  try {
    if ((await revoke(account)) || confirm(TEXTS.stillValid)) await leave();
  } finally {
    $("log-out").disabled = false;
  }
}

// Shows the view of the address, such as #days/8779/2026-11-27. A view returns the function that
// ends it, or nothing.
async function show() {
  if (!account) return;
  const [named, ...parameters] = location.hash.slice(1).split("/");
  const name = named in SHOW ? named : "now";
  const count = (shownCount += 1);
  endView();
  endView = () => {};
  say(TEXTS.loading);
  for (const link of $("nav").children) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  $("title").textContent = VIEWS[name];
  const target = element("div");
  target.id = "view";
  $("view").replaceWith(target);
  await attempt(async () => {
    const end = await SHOW[name](target, account, parameters);
    // Another view was opened meanwhile.
    if (count !== shownCount) end?.();
    else endView = end ?? endView;
    if (count === shownCount) say("");
  });
}

async function begin() {
  // Relative addresses, such as that of the API, need the slash.
  if (location.pathname.endsWith("/admin")) {
    location.replace(`${location.pathname}/${location.search}${location.hash}`);
    return;
  }
  if (!isSecureContext) {
    document.body.textContent = TEXTS.needsHttps;
    return;
  }
  for (const [name, label] of Object.entries(VIEWS)) {
    const link = element("a", label);
    link.href = `#${name}`;
    $("nav").append(link);
  }
  $("nav").setAttribute("aria-label", "stint");
  $("log-out").textContent = TEXTS.logOut;
  $("log-out").onclick = logOut;
  prepareLogin(async (loggedIn) => {
    await store(loggedIn);
    await open(loggedIn);
  });
  addEventListener("hashchange", async () => {
    await show();
    $("title").focus();
  });
  const stored = await readStored();
  if (stored) await open(stored);
  else showLogin();
}

begin();
