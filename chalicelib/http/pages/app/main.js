// Connects the other modules.

import { setLanguage, setOffset, zoneOf } from "../shared/clock.js";
import { say } from "./announce.js";
import { confirmStop, dismiss, place, retry } from "./answers.js";
import { prepareBooked } from "./booked.js";
import { prepareEditor } from "./editor.js";
import { logOut, prepareLogin } from "./login.js";
import { preparePhones } from "./phones.js";
import { setFavourite, setShortcuts } from "./preferences.js";
import { showProblems, watchProblems } from "./problems.js";
import { book, remove, save, tap, unbook } from "./queue.js";
import { prepareServices } from "./services.js";
import { prepareShortcuts } from "./shortcuts.js";
import { onChange, readState } from "./store.js";
import { connection, loadAll, sync } from "./sync.js";
import { TEXTS, writeTexts } from "./texts.js";
import { followUpdates } from "./updates.js";
import { areShortcutsOn, show, tick } from "./views.js";

const thenSync = (handler) => async (...parameters) => {
  await handler(...parameters);
  await sync();
};
const handlers = {
  tap: thenSync(tap), place: thenSync(place), retry: thenSync(retry), dismiss, confirmStop, setFavourite,
  sync: loadAll,
};

let account = null;
let currentLogin = null;
let isFirstRender = true;

async function render() {
  const state = await readState();
  // Later, this page has a newer offset than the stored one.
  if (isFirstRender) setOffset(state.offset ?? 0);
  isFirstRender = false;
  showProblems(state.account && zoneOf(state.account));
  account = state.account;
  show(state, connection, handlers);
  openNamedForm();
  const login = state.account?.login ?? null;
  if (login !== currentLogin) {
    currentLogin = login;
    loadAll();
  }
}

// Opens the form that the address names: the app's icon offers it.
function openNamedForm() {
  if (location.hash !== "#add" || document.getElementById("day").hidden) return;
  history.replaceState(null, "", location.pathname + location.search);
  // On a day that takes no session, its button is hidden.
  const add = document.getElementById("add");
  if (!add.hidden) add.click();
}

const removeAndSay = async (...parameters) => {
  await remove(...parameters);
  say(TEXTS.deleted);
};

function begin() {
  // Relative addresses, such as that of the API, need the slash.
  if (location.pathname.endsWith("/app")) {
    location.replace(`${location.pathname}/${location.search}${location.hash}`);
    return;
  }
  setLanguage(TEXTS.locale, TEXTS.running);
  writeTexts();
  watchProblems();
  if (!isSecureContext) {
    document.body.textContent = TEXTS.needsHttps;
    return;
  }
  prepareLogin();
  prepareEditor({ save, remove: removeAndSay, sync });
  prepareBooked({ book, unbook, sync });
  prepareServices(render);
  prepareShortcuts(areShortcutsOn, setShortcuts);
  preparePhones(() => account);
  document.getElementById("stop").onclick = () => handlers.tap("stop");
  document.getElementById("log-out").onclick = logOut;
  onChange(render);
  addEventListener("hashchange", render);
  followUpdates();
  setInterval(tick, 1000);
  render();
  // It fails without a connection and on a full disk, and is tried again at the next start. The page
  // works without it. Private windows of some browsers have none.
  navigator.serviceWorker?.register("service-worker.js").catch(() => {});
  const checkFiles = () => navigator.serviceWorker?.controller?.postMessage("check files");
  addEventListener("online", checkFiles);
  addEventListener("visibilitychange", () => document.hidden || checkFiles());
}

begin();
