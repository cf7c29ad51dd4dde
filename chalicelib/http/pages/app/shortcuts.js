// Keys on the keyboard. A person can switch them off: speech input types letters, too (WCAG 2.1.4).

import { $, element, write } from "../shared/dom.js";
import { openDialog } from "../shared/focus.js";
import { startOf } from "./services.js";
import { TEXTS } from "./texts.js";

const FIELDS = "input, select, textarea, [contenteditable]";
// The keys that the dialog shows, by the names of their texts.
const KEYS = { start: "1 – 9", stop: "s", search: "/", add: "n", help: "?" };

// Returns the action of a key, {name, index}, or nothing. `event` is a keydown event, `isField`
// whether a person types into a field.
export function actionOf({ key, ctrlKey, altKey, metaKey, repeat, isComposing }, isField) {
  if (ctrlKey || altKey || metaKey || repeat || isComposing || isField) return undefined;
  if (/^[1-9]$/.test(key)) return { name: "start", index: Number(key) - 1 };
  const name = Object.keys(KEYS).find((one) => KEYS[one] === key);
  return name && { name };
}

const RUN = {
  start: ({ index }) => startOf(index)?.click(),
  stop: () => $("stop").click(),
  search: () => $("search").hidden || $("search-text").focus(),
  add: () => $("add").hidden || $("add").click(),
  help: () => openDialog($("shortcuts")),
};

// `areOn` returns whether the person wants shortcuts, `setOn` stores that.
export function prepareShortcuts(areOn, setOn) {
  $("shortcut-keys").replaceChildren(...Object.entries(KEYS).map(([name, key]) =>
    element("li", element("kbd", key), ` ${TEXTS.shortcuts[name]}`)));
  $("show-shortcuts").onclick = RUN.help;
  $("shortcuts-close").onclick = () => $("shortcuts").close();
  $("shortcuts-on").onchange = () => setOn($("shortcuts-on").checked);
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || $("day").hidden || document.querySelector("dialog[open]") || !areOn()) return;
    const action = actionOf(event, Boolean(event.target.closest?.(FIELDS)));
    if (!action) return;
    // Otherwise the key would be typed into the field that gets the focus.
    event.preventDefault();
    RUN[action.name](action);
  });
}

export function showShortcuts(areOn) {
  $("shortcuts-on").checked = areOn;
  $("show-shortcuts").classList.toggle("off", !areOn);
  write($("shortcuts-state"), areOn ? "" : TEXTS.shortcutsAreOff);
}
