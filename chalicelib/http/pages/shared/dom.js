// Creates and updates elements. All content is written as text, never as markup.

import { focusHeading, rememberFocus } from "./focus.js";

export const $ = (id) => document.getElementById(id);

export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function element(tag, ...children) {
  const created = document.createElement(tag);
  created.append(...children);
  return created;
}

export function button() {
  const created = element("button");
  created.type = "button";
  return created;
}

// Shows a button with a label and a handler, or hides it if there is no label. A button that hides
// gives its focus to the heading.
export function setButton(target, label, onclick) {
  if (!label && document.activeElement === target) focusHeading(target);
  target.hidden = !label;
  write(target, label || "");
  target.onclick = onclick;
}

// Makes the children of an element match a list. Reuses the rows of items with the same key, so that
// keyboard focus and screen readers keep their position, also when a row moves or disappears.
export function updateRows(parent, items, keyOf, create, fill) {
  const focused = document.activeElement;
  const restoreFocus = parent.contains(focused) && rememberFocus();
  const unused = new Map([...parent.children].map((row) => [row.dataset.key, row]));
  items.forEach((item, index) => {
    const row = unused.get(keyOf(item)) ?? create();
    row.dataset.key = keyOf(item);
    unused.delete(keyOf(item));
    fill(row, item);
    if (parent.children[index] !== row) parent.insertBefore(row, parent.children[index] ?? null);
  });
  for (const row of unused.values()) row.remove();
  if (restoreFocus && (document.activeElement !== focused || focused.hidden)) restoreFocus();
}
