// Services: create, change, archive and restore.

import { element } from "../shared/dom.js";
import { attempt, bar, button, field, openForm, say, table } from "./elements.js";
import { getAll, write } from "./requests.js";
import { TEXTS } from "./texts.js";

export async function showServices(view) {
  const all = field({ name: "all", label: TEXTS.withArchived, type: "checkbox" });
  const list = element("div");
  const reload = async () => {
    const lists = [getAll("/services", { sort: "name" })];
    if (all.querySelector("input").checked) {
      lists.push(getAll("/services", { sort: "name", "filter[archived]": true }));
    }
    const services = (await Promise.all(lists)).flatMap(({ data }) => data);
    list.replaceChildren(serviceTable(services, reload));
  };
  all.onchange = () => attempt(reload);
  view.replaceChildren(bar(button(TEXTS.addService, () => serviceForm(null, reload)), all), list);
  await reload();
}

const yesOrNo = (value) => (value ? TEXTS.yes : TEXTS.no);

function serviceTable(services, reload) {
  const columns = [
    { label: TEXTS.name, cell: ({ attributes }) => attributes.name },
    { label: TEXTS.billable, cell: ({ attributes }) => yesOrNo(attributes.billable) },
    { label: TEXTS.takesTime, cell: ({ attributes }) => yesOrNo(attributes.time_tracking_enabled) },
    { label: TEXTS.state, cell: ({ attributes }) => (attributes.archived_at ? TEXTS.archived : TEXTS.active) },
    { label: TEXTS.actions, cell: (service) => actions(service, reload) },
  ];
  return table(columns, services);
}

function actions(service, reload) {
  const { name, archived_at: archived } = service.attributes;
  const [label, act] = archived ? [TEXTS.restore, "restore"] : [TEXTS.archive, "archive"];
  return element("div",
    button(TEXTS.change, () => serviceForm(service, reload), `${TEXTS.change}: ${name}`),
    button(label, () => attempt(async () => {
      await write("PATCH", `/services/${service.id}/${act}`);
      await reload();
      say(TEXTS.saved);
    }), `${label}: ${name}`));
}

function serviceForm(service, reload) {
  const { name = "", billable = true, time_tracking_enabled = true } = service?.attributes ?? {};
  const shown = { name, billable, time_tracking_enabled };
  const content = [
    field({ name: "name", label: TEXTS.name, value: name }),
    field({ name: "billable", label: TEXTS.billable, type: "checkbox", value: billable }),
    field({ name: "time_tracking_enabled", label: TEXTS.takesTime, type: "checkbox", value: time_tracking_enabled }),
  ];
  openForm(service ? TEXTS.changeService : TEXTS.addService, content, async (values) => {
    const changed = Object.entries(values).filter(([key, value]) => value !== shown[key]);
    if (!service) await write("POST", "/services", values);
    else if (changed.length) await write("PATCH", `/services/${service.id}`, Object.fromEntries(changed));
    await reload();
    say(TEXTS.saved);
  });
}
