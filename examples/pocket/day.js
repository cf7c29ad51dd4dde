// A person's day: what the server knows, and what was tapped since. Pure: no network, no clock.
//
// A session is {id, service, started, stopped, waiting}; an act {key, kind, at, ...} (queue.js).

// The sessions as they will be once every act has been sent.
export function project(timers, acts) {
  const sessions = timers.map((timer) => ({ ...timer, waiting: false }));
  for (const act of acts) {
    const ended = act.kind === "start" ? runningOf(sessions) : sessions.find((it) => isNamed(it, act));
    if (ended && ended.stopped === null) {
      ended.stopped = Math.max(ended.started, act.at);
      ended.waiting = true;
    }
    if (act.kind === "start") {
      sessions.push({ id: act.key, service: act.service, started: act.at, stopped: null, waiting: true });
    }
  }
  return sessions.sort((one, other) => one.started - other.started);
}

const isNamed = (session, act) => session.id === (act.timer ?? act.start);

export const runningOf = (sessions) => sessions.find((it) => it.stopped === null);

// The last instant that is taken: nothing can start before it.
export const lastInstant = (sessions) =>
  Math.max(0, ...sessions.map((it) => it.stopped ?? it.started));

// Seconds: they are added exactly, and rounded once, when they are shown.
export const secondsOf = (session, now) => Math.max(0, (session.stopped ?? now) - session.started);

// How long what is learned from an answer outlives a list: lists follow within moments.
const FRESH_SECONDS = 10;

// The timers as an answer leaves them: the one it tells, and those that its start has stopped.
export function answered(timers, timer, stoppedIds, now) {
  const ended = timers
    .filter((it) => stoppedIds.includes(it.id) && it.stopped === null)
    .map((it) => ({ ...it, stopped: Math.max(it.started, timer.started) }));
  return merge(timers, [...ended, timer].map((it) => ({ ...it, learned: now })));
}

// The timers as the lists tell them, but for what was learned by an answer a moment ago.
export const listed = (known, found, now) =>
  merge(found, known.filter((it) => it.learned > now - FRESH_SECONDS));

function merge(timers, others) {
  return [...new Map([...timers, ...others].map((it) => [it.id, it])).values()];
}
