// Which lists are loaded when nothing says that they have changed. Pure functions.

// How often a tab looks whether something is due. This alone sends no request.
export const LOOK_SECONDS = 20;

const MAX_RUNNING_SECONDS = 5 * 60;
const RECENT_SECONDS = 5 * 60;
// With a live connection, polling only finds what the connection missed.
const LIVE_SECONDS = 10 * 60;
// Names, time zones and services do not come by the live connection.
const MEMBERSHIP_SECONDS = 5 * 60;
const SERVICES_SECONDS = 15 * 60;

// Returns the age in seconds at which each list is loaded again. `quiet` is the number of seconds
// since the last tap or change: the longer nothing happens, the fewer requests are sent.
export function maxAges(isLive, quiet) {
  const running = Math.min(MAX_RUNNING_SECONDS, Math.max(LOOK_SECONDS, quiet / 4));
  return {
    membership: MEMBERSHIP_SECONDS,
    running: isLive ? LIVE_SECONDS : running,
    recent: isLive ? LIVE_SECONDS : RECENT_SECONDS,
    services: SERVICES_SECONDS,
  };
}

// Returns the names of the lists that are as old as `ages` says. `lists` has `checkedAt` of each
// list, a time of the phone's clock in milliseconds, as `now` is.
export function dueLists(lists, ages, now) {
  return Object.keys(ages).filter((name) => {
    const age = (now - (lists[name]?.checkedAt ?? 0)) / 1000;
    // A list is due at the look that is nearest to its time. One from the future was stored before
    // the phone's clock was set back.
    return age < 0 || age >= ages[name] - LOOK_SECONDS / 2;
  });
}
