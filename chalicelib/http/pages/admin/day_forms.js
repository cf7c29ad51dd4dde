// The forms that add and change a time entry and a session. They send only what was changed, so
// that a value that changed meanwhile is not overwritten.

import { format, localMinute, parseLocalMinute } from "../shared/clock.js";
import { field, openForm } from "./elements.js";
import { write } from "./requests.js";
import { TEXTS } from "./texts.js";

export function entryForm(day, entry, reload) {
  const shown = {
    service_id: entry?.service?.id ?? "",
    date: entry?.date ?? day.date,
    time: entry ? String(entry.time) : "0",
    billable_time: entry ? String(entry.billable_time) : "",
    note: entry?.note ?? "",
  };
  const content = [
    field({ name: "service_id", label: TEXTS.service, value: shown.service_id, options: serviceOptions(day, entry?.service) }),
    field({ name: "date", label: TEXTS.day, type: "date", value: shown.date }),
    field({ name: "time", label: entry ? TEXTS.minutesHint : TEXTS.minutes, type: "number", value: shown.time }),
    field({ name: "billable_time", label: TEXTS.billableHint, type: "number", value: shown.billable_time }),
    field({ name: "note", label: TEXTS.note, value: shown.note }),
  ];
  openForm(entry ? TEXTS.changeEntry : TEXTS.addEntry, content, async (values) => {
    if (!values.service_id) return TEXTS.chooseService;
    const attributes = entry ? changed(values, shown) : values;
    for (const name of ["time", "billable_time"]) {
      if (name in attributes) attributes[name] = attributes[name] === "" ? null : Number(attributes[name]);
    }
    if ("note" in attributes) attributes.note ||= null;
    if (!entry) await write("POST", "/time_entries", { person_id: day.person.id, ...attributes });
    else if (Object.keys(attributes).length) await write("PATCH", `/time_entries/${entry.id}`, attributes);
    await reload();
    return undefined;
  });
}

export function sessionForm(day, session, reload) {
  const shown = {
    started_at: session ? localMinute(session.started, day.zone) : `${day.date}T09:00`,
    stopped_at: session?.stopped ? localMinute(session.stopped, day.zone) : "",
    ...(session ? { time_entry_id: session.entryId ?? "" } : { service_id: "" }),
  };
  const content = [
    session
      ? field({ name: "time_entry_id", label: TEXTS.timeEntry, value: shown.time_entry_id, options: entryOptions(day, session) })
      : field({ name: "service_id", label: TEXTS.service, options: serviceOptions(day) }),
    field({ name: "started_at", label: TEXTS.start, type: "datetime-local", value: shown.started_at }),
    field({ name: "stopped_at", label: session ? TEXTS.endHint : TEXTS.end, type: "datetime-local", value: shown.stopped_at }),
  ];
  openForm(session ? TEXTS.changeSession : TEXTS.addSession, content, async (values) => {
    const problem = problemOf(values, session);
    if (problem) return problem;
    // The form shows minutes: an unchanged time keeps its seconds.
    const attributes = session ? changed(values, shown) : values;
    for (const name of ["started_at", "stopped_at"]) {
      if (name in attributes) {
        attributes[name] = attributes[name] ? format(parseLocalMinute(attributes[name], day.zone)) : null;
      }
    }
    if (!session) await write("POST", "/timers", { person_id: day.person.id, ...attributes });
    else if (Object.keys(attributes).length) await write("PATCH", `/timers/${session.id}`, attributes);
    await reload();
    return undefined;
  });
}

function problemOf({ service_id: service, started_at: start, stopped_at: end }, session) {
  if (service === "") return TEXTS.chooseService;
  if (!start) return TEXTS.noStart;
  // A new session is over: people start their timers themselves.
  if (!end) return session ? "" : TEXTS.noEnd;
  return end < start ? TEXTS.endBeforeStart : "";
}

const changed = (values, shown) =>
  Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== shown[name]));

function serviceOptions({ services }, current) {
  const options = services.map(({ id, attributes }) => [id, attributes.name]);
  // The service of a recorded entry may be archived meanwhile.
  if (current && !options.some(([id]) => id === current.id)) options.unshift([current.id, current.name]);
  return current ? options : [["", TEXTS.chooseService], ...options];
}

function entryOptions({ entries }, session) {
  const options = entries.map(({ id, service, note }) =>
    [id, [service?.name ?? TEXTS.unknown, note].filter(Boolean).join(" · ")]);
  // A session that began yesterday belongs to an entry of that day.
  if (!options.some(([id]) => id === session.entryId)) options.unshift([session.entryId ?? "", session.service]);
  return options;
}
