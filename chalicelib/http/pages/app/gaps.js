// The free times of a session that would overlap others. Pure functions.

// Shorter parts are not offered: a person would not have entered them.
const MIN_SECONDS = 60;

// Returns the parts of a session that overlap no other session, as {started, stopped} in order;
// `stopped` is null for a part that still runs. `others` may contain the session itself.
export function freeParts(session, others, now) {
  const end = session.stopped ?? Infinity;
  const busy = others
    .filter(({ id, started, stopped }) => id !== session.id && started < end && (stopped ?? Infinity) > session.started)
    .sort((one, other) => one.started - other.started);
  const parts = [];
  let free = session.started;
  for (const { started, stopped } of busy) {
    parts.push({ started: free, stopped: started });
    free = Math.max(free, stopped ?? Infinity);
  }
  if (free < end) parts.push({ started: free, stopped: session.stopped });
  return parts.filter(({ started, stopped }) => (stopped ?? now + MIN_SECONDS) - started >= MIN_SECONDS);
}
