// A person's API tokens, and the pairing of a device with a QR code.

import { dayAndTime, parse } from "../shared/clock.js";
import { element } from "../shared/dom.js";
import { qrCode } from "../shared/qr.js";
import { attemptInDialog, button, field, openForm, text } from "./elements.js";
import { getAll, nameOf, write } from "./requests.js";
import { TEXTS } from "./texts.js";

export async function pairDevice(person, { organization: { zone } }) {
  const { data, meta } = await write("POST", "/pairings", { person_id: person.id });
  // The code is in the fragment, which browsers send to no server.
  const link = new URL(`../app/#pair=${meta.code}`, location.href).href;
  const anchor = element("a", TEXTS.appLink);
  anchor.href = link;
  openForm(TEXTS.pairTitle(nameOf(person)), [
    await qrCode(link, TEXTS.qrLabel),
    text("p", meta.code, "secret"),
    text("p", TEXTS.pairHint(dayAndTime(parse(data.attributes.expires_at), zone))),
    anchor,
  ]);
}

export async function showTokens(person, account) {
  const tokens = await getAll("/api_tokens", { "filter[person_id]": person.id });
  const list = element("ul", ...tokens.data.map((token) => tokenRow(token, person, account)));
  list.className = "changes";
  openForm(TEXTS.tokensOf(nameOf(person)), [
    tokens.data.length ? list : text("p", TEXTS.noTokens),
    field({ name: "name", label: TEXTS.tokenName, required: true }),
  ], async ({ name }) => {
    const { meta } = await write("POST", "/api_tokens", { name, person_id: person.id });
    openForm(TEXTS.tokensOf(nameOf(person)), [text("p", TEXTS.tokenOnce), text("p", meta.token, "secret")]);
  }, TEXTS.createToken);
}

function tokenRow({ id, attributes }, person, account) {
  const { name, expires_at: expires, last_used_on: used } = attributes;
  const end = expires ? dayAndTime(parse(expires), account.organization.zone) : TEXTS.never;
  const revoke = async () => {
    await write("DELETE", `/api_tokens/${id}`);
    await showTokens(person, account);
  };
  return element("li",
    text("strong", name),
    text("small", `${TEXTS.lastUsed}: ${used ?? TEXTS.never} · ${TEXTS.expires}: ${end}`),
    button(TEXTS.revoke, () => attemptInDialog(revoke), `${TEXTS.revoke}: ${name}`));
}
