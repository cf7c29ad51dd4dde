// Sends and asks again at the right moments: after each tap, when the network or the person comes
// back, now and then, and after a failure ever more patiently.

import { Away } from "./api.js";
import { refresh } from "./refresh.js";
import { send } from "./queue.js";
import { LoggedOut, tellChange, transact } from "./store.js";

const EVERY_SECONDS = 30;
const LONGEST_WAIT_SECONDS = 60;

// What the last attempt came to, for the page to tell: {away: words or null}.
export const line = { away: null };

let failures = 0;
// Until when the server asked to be left alone, whoever taps meanwhile.
let restingUntil = 0;
let timer;
let wanted = false;
let going = null;

// Does it soon; what is asked for while it is being done, is done once more after that.
export function sync() {
  wanted = true;
  going ??= whileWanted().finally(() => { going = null; });
  return going;
}

async function whileWanted() {
  clearTimeout(timer);
  let seconds;
  while (wanted) {
    wanted = false;
    seconds = await once();
  }
  timer = setTimeout(sync, seconds * 1000);
}

// One attempt; gives the seconds until the next. Of several tabs one is at it at a time: the lock
// ends with its tab, and the next one finds what the first has not done.
async function once() {
  const account = await transact((kept) => kept.fact("account"));
  if (!account || account.lockedOut) {
    line.away = null;
    return EVERY_SECONDS;
  }
  const rest = (restingUntil - performance.now()) / 1000;
  if (rest > 0) return rest;
  try {
    await navigator.locks.request("stint-pocket", async () => {
      await send(account);
      if (!document.hidden) await refresh(account, await knownLists());
    });
    [failures, line.away] = [0, null];
    return EVERY_SECONDS;
  } catch (error) {
    return await failed(account, error);
  } finally {
    tellChange();
  }
}

async function failed(account, error) {
  failures += 1;
  line.away = error.message;
  if (error.status === 401) {
    // The acts stay, and are sent once their person has logged in again.
    await transact(async (kept) => {
      const current = await kept.fact("account");
      if (current?.login === account.login) await kept.keep("account", { ...account, lockedOut: true });
    });
  } else if (!(error instanceof Away || error instanceof LoggedOut)) console.error(error);
  // At random within a half: phones that lost one network together do not return together.
  const patience = Math.min(LONGEST_WAIT_SECONDS, 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
  const asked = error.seconds ?? 0;
  restingUntil = performance.now() + asked * 1000;
  return Math.max(patience, asked);
}

function knownLists() {
  return transact(async (kept) => {
    const names = ["services", "running", "today"];
    const lists = await Promise.all(names.map((name) => kept.fact(name)));
    return Object.fromEntries(names.map((name, at) => [name, lists[at]]));
  });
}
