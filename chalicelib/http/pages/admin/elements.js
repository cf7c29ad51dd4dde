// Parts of the page: buttons, fields, tables, the dialog. All content is text, never markup.

import { $, element } from "../shared/dom.js";
import { messageFor } from "./messages.js";
import { TEXTS } from "./texts.js";

export function button(label, onclick, name = label) {
  const created = element("button", label);
  created.type = "button";
  if (name !== label) created.setAttribute("aria-label", name);
  created.onclick = onclick;
  return created;
}

export function text(tag, content, className = "") {
  const created = element(tag, content ?? "");
  created.dir = "auto";
  if (className) created.className = className;
  return created;
}

export function section(title, ...children) {
  return element("section", text("h3", title), ...children);
}

export function bar(...children) {
  const created = element("div", ...children);
  created.className = "bar";
  return created;
}

let fieldCount = 0;

// Creates a labelled control. A field is {name, label, type, value, options, required}; `options` are
// pairs of value and text.
export function field({ name, label, type = "text", value = "", options, required = false }) {
  const control = element(options ? "select" : type === "area" ? "textarea" : "input");
  if (options) control.append(...options.map(([key, shown]) => new Option(shown, key, false, key === value)));
  else if (type === "checkbox") Object.assign(control, { type, checked: Boolean(value) });
  else Object.assign(control, type === "area" ? { value } : { type, value });
  Object.assign(control, { name, required, dir: "auto", autocomplete: "off" });
  const labelElement = element("label", label);
  control.id = labelElement.htmlFor = `field-${(fieldCount += 1)}`;
  const created = type === "checkbox" ? element("div", control, labelElement) : element("div", labelElement, control);
  created.className = type === "checkbox" ? "check" : "field";
  return created;
}

// Creates a table. A column is {label, cell, number}; `cell` returns text or a node for a row. The
// first column names the row. `total` has the texts of the last row.
export function table(columns, rows, total) {
  const created = element(
    "table",
    element("thead", row(columns, columns.map(({ label }) => label), true)),
    element("tbody", ...rows.map((item) => row(columns, columns.map(({ cell }) => cell(item))))),
  );
  if (total) created.append(element("tfoot", row(columns, total)));
  created.setAttribute("role", "table");
  return created;
}

// The roles stay when a narrow screen shows the cells as blocks.
function row(columns, contents, isHead = false) {
  const cells = contents.map((content, index) => {
    const isHeader = isHead || index === 0;
    const cell = element(isHeader ? "th" : "td", content ?? "");
    cell.setAttribute("role", isHead ? "columnheader" : isHeader ? "rowheader" : "cell");
    cell.dir = "auto";
    if (isHeader) cell.scope = isHead ? "col" : "row";
    // A narrow screen shows the label beside the value. Buttons have their own labels.
    else if (!cell.querySelector("button")) cell.dataset.label = columns[index].label;
    if (columns[index].number) cell.classList.add("number");
    return cell;
  });
  const created = element("tr", ...cells);
  created.setAttribute("role", "row");
  return created;
}

export const say = (message) => {
  $("problem").textContent = "";
  $("status").textContent = message;
};

// Runs an operation of the page, and shows what went wrong.
export async function attempt(operation) {
  try {
    return await operation();
  } catch (error) {
    $("status").textContent = "";
    $("problem").textContent = messageFor(error);
    return undefined;
  }
}

// Shows a form. `save` gets its values, and returns a message about wrong ones, or nothing; then the
// dialog is closed, unless `save` opened another form. A form without `save` only shows its content.
export function openForm(title, content, save, label = TEXTS.save) {
  $("dialog-title").textContent = title;
  $("dialog-body").replaceChildren(...content);
  $("dialog-error").textContent = "";
  $("dialog-save").hidden = !save;
  $("dialog-save").textContent = label;
  $("dialog-close").textContent = save ? TEXTS.cancel : TEXTS.close;
  $("dialog-close").onclick = () => $("dialog").close();
  const submit = async (event) => {
    event.preventDefault();
    if (!save) return;
    await attemptInDialog(async () => {
      const problem = await save(readValues());
      $("dialog-error").textContent = problem ?? "";
      if (!problem && $("dialog-form").onsubmit === submit) $("dialog").close();
    });
  };
  $("dialog-form").onsubmit = submit;
  if (!$("dialog").open) $("dialog").showModal();
}

// Runs an operation of the dialog, and shows what went wrong there.
export async function attemptInDialog(operation) {
  $("dialog-save").disabled = true;
  try {
    await operation();
  } catch (error) {
    $("dialog-error").textContent = messageFor(error);
  } finally {
    $("dialog-save").disabled = false;
  }
}

export const confirmThat = (question, label, act, content = []) => openForm(question, content, act, label);

function readValues() {
  const controls = [...$("dialog-form").elements].filter(({ name }) => name);
  return Object.fromEntries(controls.map(({ name, type, checked, value }) =>
    [name, type === "checkbox" ? checked : value.trim()]));
}
