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
    entry: entry ? { id: entry.id, date: entry.attributes.date } : null,
    started: parse(started),
    stopped: parse(stopped),
    isAutoStopped: timer.meta?.stop_reason === "auto",
  };
}

export const readService = (service) =>
  service
    ? { id: service.id, name: service.attributes.name, billable: service.attributes.billable }
    : { id: null, name: TEXTS.unknownService };
