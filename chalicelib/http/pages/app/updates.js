// How this page learns of changes: by polling, and at once when the person or the network comes back.

import { takeTurns } from "./leader.js";
import { load, loadAll, noteActivity } from "./sync.js";

export function followUpdates() {
  takeTurns((leads) => leads && load([]));
  addEventListener("online", loadAll);
  addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    noteActivity();
    loadAll();
  });
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, noteActivity, { passive: true });
}
