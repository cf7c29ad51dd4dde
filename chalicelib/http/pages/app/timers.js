// Converts resources of the API to the records that this app stores.

import { parse } from "../shared/clock.js";
import { TEXTS } from "./texts.js";

// Converts a timer resource to a session (day.js).
export function readTimer(timer, included = []) {
  const findIncluded = (relationship) =>
    relationship?.data && included.find((resource) =>
      resource.type === relationship.data.type && resource.id === relationship.data.id);
  const entry = findIncluded(timer.relationships.time_entry);
  const service = findIncluded(entry?.relationships.service);
  const { started_at: started, stopped_at: stopped } = timer.attributes;
  return {
    id: timer.id,
    service: readService(service),
    entry: entry ? readEntryState(entry) : null,
    started: parse(started),
    stopped: parse(stopped),
    isAutoStopped: timer.meta?.stop_reason === "auto",
  };
}

// Converts a time entry resource to {id, date, note, minutes, method, updated, service}.
export function readEntry(entry, included = []) {
  const reference = entry.relationships.service?.data;
  const service = reference && included.find(({ type, id }) => type === "services" && id === reference.id);
  return { ...readEntryState(entry), service: readService(service) };
}

export const readEntryState = ({ id, attributes }) => ({
  id,
  date: attributes.date,
  note: attributes.note ?? "",
  minutes: attributes.time,
  method: attributes.track_method_id,
  updated: parse(attributes.updated_at),
});

export const readService = (service) =>
  service
    ? { id: service.id, name: service.attributes.name, billable: service.attributes.billable }
    : { id: null, name: TEXTS.unknownService };
