// A person's day: time entries and sessions, corrections, and what was changed.

import { dateOf, formatMinutes, now, parse, timesOf } from "../shared/clock.js";
import { element } from "../shared/dom.js";
import { changeList } from "./changes.js";
import { daysAfter, isDate, nameOfDay } from "./dates.js";
import { entryForm, sessionForm } from "./day_forms.js";
import { bar, button, confirmThat, field, section, table, text } from "./elements.js";
import { getAll, nameOf, related, write } from "./requests.js";
import { TEXTS } from "./texts.js";

export async function showDays(view, { organization: { zone } }, [personId, requested]) {
  const people = await getAll("/people", { sort: "name" });
  const person = people.data.find(({ id }) => id === personId) ?? people.data[0];
  const date = isDate(requested) ? requested : dateOf(now(), zone);
  const open = (id, day) => { location.hash = `days/${id}/${day}`; };
  const controls = bar(
    field({ name: "person", label: TEXTS.person, value: person.id, options: people.data.map((one) => [one.id, nameOf(one)]) }),
    field({ name: "date", label: TEXTS.day, type: "date", value: date }),
    button(TEXTS.previousDay, () => open(person.id, daysAfter(date, -1))),
    button(TEXTS.nextDay, () => open(person.id, daysAfter(date, 1))),
  );
  controls.onchange = () => {
    const [chosen, day] = controls.querySelectorAll("select, input");
    if (isDate(day.value)) open(chosen.value, day.value);
  };
  const content = element("div");
  content.className = "fields";
  view.replaceChildren(controls, text("h3", nameOfDay(date)), content);
  const reload = async () => content.replaceChildren(...await dayOf(person, date, zone, reload));
  await reload();
}

async function dayOf(person, date, zone, reload) {
  const own = { "filter[person_id]": person.id };
  const [entries, timers, services, changes] = await Promise.all([
    getAll("/time_entries", { ...own, "filter[date]": date, include: "service" }),
    getAll("/timers", { ...own, "filter[started_at]": date, include: "time_entry.service" }),
    getAll("/services", { sort: "name" }),
    changeList(["time_entry_revisions", "timer_revisions"], { ...own, "filter[created_at][gt_eq]": date }, zone),
  ]);
  const day = { person, date, zone, services: services.data, entries: entries.data.map((entry) => readEntry(entries, entry)) };
  const sessions = timers.data.map((timer) => readSession(timers, timer));
  return [
    section(TEXTS.timeEntries, entryTable(day, reload),
      bar(button(TEXTS.addEntry, () => entryForm(day, null, reload)))),
    section(TEXTS.sessions, sessionTable(day, sessions, reload),
      bar(button(TEXTS.addSession, () => sessionForm(day, null, reload)))),
    section(TEXTS.changesOf(nameOf(person)), changes),
  ];
}

function readEntry(list, { id, attributes, relationships }) {
  const service = related(list, { relationships }, "service");
  return { id, ...attributes, service: service && { id: service.id, name: service.attributes.name } };
}

function readSession(list, timer) {
  const entry = related(list, timer, "time_entry");
  return {
    id: timer.id,
    entryId: entry?.id ?? null,
    service: related(list, entry, "service")?.attributes.name ?? TEXTS.unknown,
    started: parse(timer.attributes.started_at),
    stopped: parse(timer.attributes.stopped_at),
    reason: timer.meta?.stop_reason,
  };
}

function entryTable(day, reload) {
  if (day.entries.length === 0) return text("p", TEXTS.noEntries);
  const name = (entry) => entry.service?.name ?? TEXTS.unknown;
  const columns = [
    { label: TEXTS.service, cell: name },
    { label: TEXTS.time, cell: ({ time }) => formatMinutes(time * 60), number: true },
    { label: TEXTS.billable, cell: (entry) => formatMinutes(entry.billable_time * 60), number: true },
    { label: TEXTS.note, cell: ({ note }) => note },
    { label: TEXTS.actions, cell: (entry) => actions(name(entry), {
      change: () => entryForm(day, entry, reload),
      remove: () => confirmDeletion(TEXTS.deleteEntry, `/time_entries/${entry.id}`, reload),
    }) },
  ];
  return table(columns, day.entries);
}

function sessionTable(day, sessions, reload) {
  if (sessions.length === 0) return text("p", TEXTS.noSessions);
  const times = (session) => timesOf(session, day.zone);
  const length = ({ started, stopped }) =>
    (stopped === null ? TEXTS.running : formatMinutes(stopped - started));
  const columns = [
    { label: TEXTS.session, cell: (session) => [times(session), TEXTS.stopReasons[session.reason]].filter(Boolean).join(" · ") },
    { label: TEXTS.service, cell: ({ service }) => service },
    { label: TEXTS.time, cell: length, number: true },
    { label: TEXTS.actions, cell: (session) => actions(`${session.service}, ${times(session)}`, {
      change: () => sessionForm(day, session, reload),
      remove: () => confirmDeletion(TEXTS.deleteSession, `/timers/${session.id}`, reload),
    }) },
  ];
  return table(columns, sessions);
}

const actions = (name, { change, remove }) =>
  element("div",
    button(TEXTS.change, change, `${TEXTS.change}: ${name}`),
    button(TEXTS.delete, remove, `${TEXTS.delete}: ${name}`));

const confirmDeletion = (question, path, reload) =>
  confirmThat(question, TEXTS.delete, async () => {
    await write("DELETE", path);
    await reload();
  });
