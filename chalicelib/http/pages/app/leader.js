// One tab of a browser leads: the one that the person looked at last. Only this tab has the live
// connection and polls. The other tabs show what it stores.

const LOCK = "stint-pocket-leader";

// How long a tab in the background still leads, if no other tab wants to.
const BACKGROUND_MILLISECONDS = 3 * 60 * 1000;

// While this tab leads, the function that ends it.
let resign = null;
let isWaiting = false;

export const isLeading = () => resign !== null;

// Leads while the page is visible, and some minutes longer. Calls back with true when this tab begins
// to lead, and with false when it ends.
export function takeTurns(callback) {
  let timer;
  const onVisibility = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => resign?.(), BACKGROUND_MILLISECONDS);
    // A tab in the background may be frozen, and would not give the lock away.
    else if (!isLeading()) steal(callback);
  };
  addEventListener("visibilitychange", onVisibility);
  onVisibility();
}

async function steal(callback) {
  if (!(await lead({ steal: true }, callback)) || isWaiting) return;
  isWaiting = true;
  let wasStolen = true;
  while (wasStolen) wasStolen = await lead({}, callback);
  isWaiting = false;
}

// Returns when this tab no longer leads: true if another tab stole the lock.
async function lead(options, callback) {
  let mine;
  try {
    await navigator.locks.request(LOCK, options, () => {
      // A tab in the background that waited leaves the turn to the next one.
      if (document.hidden) return undefined;
      const ended = new Promise((resolve) => { resign = mine = resolve; });
      callback(true);
      return ended;
    });
    return false;
  } catch (error) {
    if (error.name === "AbortError") return true;
    // A browser that refuses storage refuses locks, too. Then there is no other tab to agree with.
    leadAlone(callback);
    return false;
  } finally {
    if (mine && resign === mine) {
      resign = null;
      callback(false);
    }
  }
}

function leadAlone(callback) {
  if (isLeading()) return;
  resign = () => {
    resign = null;
    callback(false);
  };
  callback(true);
}
