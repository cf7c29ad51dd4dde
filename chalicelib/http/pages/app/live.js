// The live connection: a WebSocket on which the server says that something of this person has
// changed, without data. Only the leading tab has it (leader.js). docs/clients.md has the rules.

import { RefusedError, sendRequest } from "../shared/api.js";
import { LoggedOut, transact, transactAs } from "./store.js";

// API Gateway closes a connection that is idle for 10 minutes.
const PING_MILLISECONDS = 5 * 60 * 1000;
const OPENING_MILLISECONDS = 20 * 1000;
const MAX_RETRY_SECONDS = 5 * 60;
// A connection that lasted so long had no problem: the next retry waits briefly again.
const STABLE_MILLISECONDS = 60 * 1000;
// How long a stage without live updates is not asked again.
const UNAVAILABLE_MILLISECONDS = 6 * 60 * 60 * 1000;

const TICKET = JSON.stringify({ data: { type: "live_tickets" } });

// `onOpen` is called for each new connection, and `onChanged` with the types of a message.
let handlers = {};
let account = null;
let socket = null;
let failures = 0;
let timer;
// The attempt that counts. A later one replaces it.
let currentAttempt = null;

export function listen(newHandlers) {
  handlers = newHandlers;
}

export const isLive = () => socket?.readyState === WebSocket.OPEN;

// Connects as this account, if another account or none is connected; null ends the connection.
export function follow(newAccount) {
  if (newAccount?.login === account?.login) return;
  account = newAccount;
  failures = 0;
  connectNow();
}

// Replaces the connection, for example one that may be dead after a change of the network.
export function connectNow() {
  disconnect();
  if (account) connect(account);
}

function disconnect() {
  currentAttempt = null;
  clearTimeout(timer);
  const old = socket;
  socket = null;
  old?.close();
}

async function connect(owner) {
  const attempt = {};
  currentAttempt = attempt;
  try {
    const pause = await unavailableFor(owner);
    if (currentAttempt !== attempt) return;
    if (pause > 0) {
      retryIn(pause);
      return;
    }
    const { document } = await sendRequest(owner, "POST", "/live_tickets", { body: TICKET });
    if (currentAttempt === attempt) open(document.meta.url);
  } catch (error) {
    if (currentAttempt === attempt) await handleFailure(owner, error);
  }
}

function open(url) {
  const opened = new WebSocket(url);
  socket = opened;
  let openedAt = Infinity;
  let pings;
  timer = setTimeout(() => opened.close(), OPENING_MILLISECONDS);
  opened.onopen = () => {
    clearTimeout(timer);
    openedAt = performance.now();
    pings = setInterval(() => opened.send("ping"), PING_MILLISECONDS);
    if (socket === opened) handlers.onOpen();
  };
  opened.onmessage = ({ data }) => {
    if (socket === opened) handlers.onChanged(typesOf(data));
  };
  opened.onclose = () => {
    clearInterval(pings);
    if (socket !== opened) return;
    socket = null;
    if (performance.now() - openedAt > STABLE_MILLISECONDS) failures = 0;
    retry();
  };
}

// Returns the types that a message names. A later version of the API may send other messages.
function typesOf(text) {
  try {
    const { changed } = JSON.parse(text);
    return Array.isArray(changed) ? changed : [];
  } catch {
    return [];
  }
}

async function handleFailure(owner, error) {
  // A token that is no longer valid: the next request of the lists finds out, too.
  if (error instanceof LoggedOut || error.status === 401) return;
  if (!(error instanceof RefusedError)) {
    retry(error.retryAfter);
    return;
  }
  // `live_unavailable`, or a server of an earlier version.
  const until = Date.now() + UNAVAILABLE_MILLISECONDS;
  await transactAs(owner, (store) => store.putValue("noLive", { login: owner.login, until })).catch(() => {});
  retryIn(UNAVAILABLE_MILLISECONDS);
}

// Returns the milliseconds until a stage without live updates is asked again.
async function unavailableFor({ login }) {
  const stored = await transact((store) => store.value("noLive"));
  return stored?.login === login ? stored.until - Date.now() : 0;
}

// Random jitter: phones that lost the same server do not come back at the same time.
function retry(retryAfter = 0) {
  const delay = Math.min(MAX_RETRY_SECONDS, 2 ** failures) * (0.5 + Math.random() / 2);
  failures += 1;
  retryIn(Math.max(delay, retryAfter) * 1000);
}

function retryIn(milliseconds) {
  clearTimeout(timer);
  // A page in the background waits until the person comes back (updates.js).
  timer = setTimeout(() => document.hidden || connectNow(), milliseconds);
}
