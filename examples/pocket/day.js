// Computes a person's sessions from the server's timers and the queued actions. Pure functions: no
// network, no clock.
//
// A session is {id, service, started, stopped, waiting}. An action is {key, kind, at, ...}: see
// queue.js.

// Returns the sessions as they will be after all actions are sent.
export function applyActions(timers, actions) {
  const sessions = timers.map((timer) => ({ ...timer, waiting: false }));
  for (const action of actions) {
    const ended = action.kind === "start" ? findRunning(sessions) : findStopped(sessions, action);
    if (ended && ended.stopped === null) {
      ended.stopped = Math.max(ended.started, action.at);
      ended.waiting = true;
    }
    if (action.kind === "start") {
      const { key: id, service, at: started } = action;
      sessions.push({ id, service, started, stopped: null, waiting: true });
    }
  }
  return sessions.sort((one, other) => one.started - other.started);
}

// A stop names the id of its timer, or the key of its start.
const findStopped = (sessions, stop) =>
  sessions.find((session) => session.id === (stop.timer ?? stop.start));

export const findRunning = (sessions) => sessions.find((session) => session.stopped === null);

// Returns the last start or end of the sessions. A new session cannot start before it.
export const lastTimestamp = (sessions) =>
  Math.max(0, ...sessions.map((session) => session.stopped ?? session.started));

// Returns a duration in seconds. Sums use exact seconds; only the displayed value is rounded.
export const secondsOf = (session, now) => Math.max(0, (session.stopped ?? now) - session.started);

// A list can be older than the response to an action. So for some seconds, the timers of the
// response replace those of the list.
const RESPONSE_SECONDS = 10;

// Returns the timers after a response: with its timer, and with the end of the timers that its start
// stopped.
export function mergeResponse(timers, timer, stoppedIds, now) {
  const ended = timers
    .filter((other) => stoppedIds.includes(other.id) && other.stopped === null)
    .map((other) => ({ ...other, stopped: Math.max(other.started, timer.started) }));
  return mergeById(timers, [...ended, timer].map((changed) => ({ ...changed, receivedAt: now })));
}

// Returns the timers of the lists, except those that a recent response has changed.
export const mergeLists = (stored, listed, now) =>
  mergeById(listed, stored.filter((timer) => timer.receivedAt > now - RESPONSE_SECONDS));

// Timers of the second list replace those of the first with the same id.
function mergeById(timers, replacements) {
  return [...new Map([...timers, ...replacements].map((timer) => [timer.id, timer])).values()];
}
