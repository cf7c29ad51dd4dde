// Closing a month: up to its last day, nobody can make, change or delete time.

import { dayAndTime, parse } from "../shared/clock.js";
import { lastDayOf, nameOfMonth } from "./dates.js";
import { bar, button, confirmThat, section, text } from "./elements.js";
import { get, getAll, nameOf, related, write } from "./requests.js";
import { TEXTS } from "./texts.js";

// Returns the part of the page, or nothing if the stage cannot close periods.
export async function closing(account, month, today) {
  const path = `/organizations/${account.organization.id}`;
  const { closed_until: until, closed_effective_at: effective } = (await get(path)).data.attributes;
  if (until === undefined) return [];
  const set = async (date) => {
    try {
      await write("PATCH", path, { closed_until: date });
    } catch (error) {
      if (error.code !== "timers_running") throw error;
      return TEXTS.stillRunning(await namesOf(error.meta.timer_ids));
    }
    dispatchEvent(new HashChangeEvent("hashchange"));
    return undefined;
  };
  const lastDay = lastDayOf(month);
  const buttons = [];
  if (lastDay < today && !(until >= lastDay)) {
    const name = nameOfMonth(month);
    buttons.push(button(TEXTS.closeMonth(name), () =>
      confirmThat(TEXTS.closeQuestion(name), TEXTS.closeLabel, () => set(lastDay), [text("p", TEXTS.closeHint)])));
  }
  if (until) buttons.push(button(TEXTS.lift, () => confirmThat(TEXTS.liftQuestion, TEXTS.lift, () => set(null))));
  const state = [text("p", until ? TEXTS.closedUntil(until) : TEXTS.notClosed)];
  if (effective) state.push(text("p", TEXTS.effectiveAt(dayAndTime(parse(effective), account.organization.zone)), "muted"));
  return [section(TEXTS.closingTitle, ...state, bar(...buttons))];
}

// Returns the names of the people whose timers run.
async function namesOf(timerIds) {
  const timers = await getAll("/timers", { "filter[stopped_at]": "", include: "time_entry.person" });
  const names = timers.data.filter(({ id }) => timerIds.includes(id)).map((timer) =>
    nameOf(related(timers, related(timers, timer, "time_entry"), "person")) || TEXTS.unknown);
  return [...new Set(names)].join(", ");
}
