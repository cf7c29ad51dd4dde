// Logs another phone in: shows a pairing code as a QR code and as text, while it is valid.

import { sendRequest } from "../shared/api.js";
import { formatClock, now, parse } from "../shared/clock.js";
import { $, write } from "../shared/dom.js";
import { openDialog } from "../shared/focus.js";
import { isLoopback, pairingLink } from "../shared/pairing.js";
import { qrCode } from "../shared/qr.js";
import { say } from "./announce.js";
import { messageWithWait } from "./messages.js";
import { TEXTS } from "./texts.js";

// The end of the shown code, as a timestamp, or null.
let expires = null;
// The number of the last request: an older response is not shown.
let requested = 0;
// Requests are sent one after the other: the last code replaces the others.
let pending = Promise.resolve();

// `readAccount` returns the account that is logged in.
export function preparePhones(readAccount) {
  $("add-phone").onclick = () => {
    openDialog($("phones"));
    showCode(readAccount());
  };
  $("phones-new").onclick = () => showCode(readAccount());
  $("phones-close").onclick = () => $("phones").close();
  // A code is a secret: it does not stay in the page.
  $("phones").onclose = () => showNothing("");
  setInterval(showValidity, 1000);
}

function showCode(account) {
  showNothing(TEXTS.loadingCode);
  const request = requested;
  pending = pending.then(() => request === requested && loadCode(account, request));
}

async function loadCode(account, request) {
  try {
    const key = crypto.randomUUID();
    const body = JSON.stringify({ data: { type: "pairings", attributes: {} } });
    const { document: { data, meta } } = await sendRequest(account, "POST", "/pairings", { body, key });
    const link = pairingLink(meta.code, account.base);
    const picture = await pictureOf(link);
    if (request !== requested) return;
    $("phones-code").replaceChildren(...picture);
    write($("phones-text"), meta.code);
    $("phones-link").href = link;
    $("phones-shown").hidden = false;
    write($("phones-hint"), isLoopback(location.hostname) ? TEXTS.scanCodeLocally : TEXTS.scanCode);
    expires = parse(data.attributes.expires_at);
    showValidity();
  } catch (error) {
    if (request === requested) showNothing(error.isConnected === false ? TEXTS.pairingNeedsNetwork : messageWithWait(error));
  }
}

// Returns the picture in a list, which is empty if the encoder cannot be loaded. The text remains.
async function pictureOf(link) {
  try {
    return [await qrCode(link, TEXTS.qrLabel)];
  } catch {
    return [];
  }
}

function showNothing(text) {
  requested += 1;
  expires = null;
  $("phones-shown").hidden = true;
  $("phones-code").replaceChildren();
  write($("phones-text"), "");
  $("phones-link").removeAttribute("href");
  write($("phones-hint"), text);
}

function showValidity() {
  if (expires === null) return;
  const left = expires - now();
  write($("phones-validity"), TEXTS.validFor(formatClock(Math.max(0, left)).replace(/^0:/, "")));
  if (left > 0) return;
  $("phones").close();
  say(TEXTS.codeExpired);
}
