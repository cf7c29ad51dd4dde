// Puts the page together.

import { setOffset } from "./clock.js";
import { logOut, prepareLogin } from "./login.js";
import { dismiss, move, tap } from "./queue.js";
import { onChange, transact } from "./store.js";
import { line, sync } from "./sync.js";
import { show, tick } from "./views.js";

const FACTS = ["account", "services", "timers", "offset"];

const sending = (act) => async (...given) => {
  await act(...given);
  await sync();
};
const does = { tap: sending(tap), move: sending(move), dismiss };

let login = null;
let first = true;

async function render() {
  const kept = await transact(async (it) => {
    const facts = await Promise.all(FACTS.map((name) => it.fact(name)));
    const read = Object.fromEntries(FACTS.map((name, at) => [name, facts[at]]));
    return { ...read, acts: await it.acts(), notices: await it.notices() };
  });
  // Later this page knows better itself.
  if (first) setOffset(kept.offset ?? 0);
  first = false;
  show(kept, line, does);
  const inside = kept.account?.login ?? null;
  if (inside !== login) {
    login = inside;
    sync();
  }
}

function begin() {
  if (!isSecureContext) {
    document.body.textContent = "stint's pocket client needs https, or a server on this very machine.";
    return;
  }
  prepareLogin();
  document.getElementById("stop").onclick = () => does.tap("stop");
  document.getElementById("log-out").onclick = logOut;
  document.getElementById("words").oninput = render;
  onChange(render);
  addEventListener("online", sync);
  addEventListener("visibilitychange", () => document.hidden || sync());
  setInterval(tick, 1000);
  render();
  navigator.serviceWorker.register("service-worker.js");
}

begin();
