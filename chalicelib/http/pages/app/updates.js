// How this page learns of changes: by the live connection where the stage has one, else by polling,
// and at once when the person or the network comes back.

import { isLeading, takeTurns } from "./leader.js";
import { connectNow, follow, isLive, listen } from "./live.js";
import { TIMER_LISTS } from "./refresh.js";
import { load, loadAll, noteActivity } from "./sync.js";

// The lists that a change of a resource type changes.
const LISTS_OF = { timers: TIMER_LISTS, time_entries: TIMER_LISTS };

// A connection of a page that was in the background for so long may be dead without a sign.
const DOUBTFUL_MILLISECONDS = 60 * 1000;

export function followUpdates() {
  takeTurns((leads) => (leads ? load([]) : follow(null)));
  listen({
    onOpen: () => load(TIMER_LISTS),
    onChanged: (types) => {
      const lists = types.flatMap((type) => LISTS_OF[type] ?? []);
      if (lists.length) load(lists);
    },
  });
  addEventListener("online", () => {
    if (isLeading()) connectNow();
    loadAll();
  });
  addEventListener("stint-return", loadAll);
  let hiddenAt = 0;
  addEventListener("visibilitychange", () => {
    if (document.hidden) {
      hiddenAt = performance.now();
      return;
    }
    noteActivity();
    const isDoubtful = performance.now() - hiddenAt > DOUBTFUL_MILLISECONDS;
    if (isLive() && !isDoubtful) return;
    if (isLeading()) connectNow();
    loadAll();
  });
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, noteActivity, { passive: true });
}
