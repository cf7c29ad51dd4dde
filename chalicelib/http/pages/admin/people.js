// People: create, change, deactivate and restore; their tokens and their devices.

import { $, element } from "../shared/dom.js";
import { attempt, bar, button, confirmThat, field, openForm, say, table } from "./elements.js";
import { getAll, nameOf, write } from "./requests.js";
import { TEXTS } from "./texts.js";
import { pairDevice, showTokens } from "./tokens.js";

export async function showPeople(view, account) {
  const all = field({ name: "all", label: TEXTS.withDeactivated, type: "checkbox" });
  const list = element("div");
  const reload = async () => {
    const shown = all.querySelector("input").checked ? {} : { "filter[status]": 1 };
    const people = await getAll("/people", { sort: "name", ...shown });
    list.replaceChildren(peopleTable(people.data, account, reload));
  };
  all.onchange = () => attempt(reload);
  view.replaceChildren(bar(button(TEXTS.addPerson, () => personForm(null, reload)), all), list);
  await reload();
}

function peopleTable(people, account, reload) {
  const columns = [
    { label: TEXTS.name, cell: nameOf },
    { label: TEXTS.email, cell: ({ attributes }) => attributes.email },
    { label: TEXTS.role, cell: ({ attributes }) => TEXTS.roles[attributes.role] },
    { label: TEXTS.state, cell: ({ attributes }) => (attributes.deactivated_at ? TEXTS.deactivated : TEXTS.active) },
    { label: TEXTS.actions, cell: (person) => actions(person, account, reload) },
  ];
  return table(columns, people);
}

function actions(person, account, reload) {
  const name = nameOf(person);
  const path = `/people/${person.id}`;
  const named = (label, onclick) => button(label, onclick, `${label}: ${name}`);
  if (person.attributes.deactivated_at) {
    return named(TEXTS.restore, () => attempt(async () => {
      await write("PATCH", `${path}/restore`);
      await reload();
      say(TEXTS.saved);
    }));
  }
  return element("div",
    named(TEXTS.pair, () => attempt(() => pairDevice(person, account))),
    named(TEXTS.tokens, () => attempt(() => showTokens(person, account))),
    named(TEXTS.change, () => personForm(person, reload)),
    named(TEXTS.deactivate, () => confirmThat(TEXTS.deactivateQuestion(name), TEXTS.deactivate, async () => {
      await write("PATCH", `${path}/deactivate`);
      await reload();
    })));
}

function personForm(person, reload) {
  const { first_name = "", last_name = "", email = "", role = "member" } = person?.attributes ?? {};
  const shown = { first_name, last_name, email, role };
  const content = [
    field({ name: "first_name", label: TEXTS.firstName, value: first_name }),
    field({ name: "last_name", label: TEXTS.lastName, value: last_name }),
    field({ name: "email", label: TEXTS.email, type: "email", value: email }),
    field({ name: "role", label: TEXTS.role, value: role, options: Object.entries(TEXTS.roles) }),
  ];
  openForm(person ? TEXTS.changePerson : TEXTS.addPerson, content, async (values) => {
    const attributes = person
      ? Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== shown[name]))
      : values;
    if (!person) await write("POST", "/people", attributes);
    else if (Object.keys(attributes).length) await write("PATCH", `/people/${person.id}`, attributes);
    await reload();
    say(TEXTS.saved);
  });
  $("dialog-body").querySelector("input").focus();
}
