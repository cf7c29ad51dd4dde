// One tab at a time sends the queue and loads lists. The browser releases the lock of a closed tab.

// Runs `work` when no other tab does. A browser that refuses storage refuses locks, too. Then no other
// tab has the same queue.
export async function withLock(work) {
  let isLocked = false;
  try {
    await navigator.locks.request("stint-pocket", () => {
      isLocked = true;
      return work();
    });
  } catch (error) {
    if (isLocked) throw error;
    await work();
  }
}
