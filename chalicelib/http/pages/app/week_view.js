// Renders the week: its days with their sums, and the buttons that open other days and weeks. The
// address names the shown day, so the browser's "back" works.

import * as clock from "../shared/clock.js";
import { $, button, element, updateRows, write } from "../shared/dom.js";
import { TEXTS } from "./texts.js";
import { daysAfter, firstWeekday, isDate, secondsOfDay, weekOf } from "./week.js";

const FIRST_WEEKDAY = firstWeekday(TEXTS.locale);

// Returns the date that the address names, or today.
export function shownDate(today) {
  const date = new URLSearchParams(location.hash.slice(1)).get("day");
  return date && isDate(date) ? date : today;
}

export const weekOfDate = (date) => weekOf(date, FIRST_WEEKDAY);

function openDay(date, today) {
  location.hash = date === today ? "" : `day=${date}`;
}

// Shows the week of `view`: see views.js.
export function showWeek(view, now) {
  const { day, days, today } = view;
  const open = (date) => openDay(date, today);
  $("previous-week").onclick = () => open(daysAfter(day.date, -7));
  $("next-week").onclick = () => open(daysAfter(day.date, 7));
  $("to-today").onclick = () => open(today);
  $("to-today").hidden = day.date === today;
  $("shown-date").value = day.date;
  $("shown-date").onchange = ({ target }) => isDate(target.value) && open(target.value);
  write($("week-name"), nameOfWeek(days));
  updateRows($("days"), days, ({ date }) => date, dayButton, (row, shown) => {
    row.setAttribute("aria-pressed", String(shown.date === day.date));
    row.setAttribute("aria-current", shown.date === today ? "date" : "false");
    row.onclick = () => open(shown.date);
  });
  updateSums(view, now);
}

const dayButton = () => {
  const created = button();
  created.append(element("span"), element("span"), element("b"));
  return created;
};

function nameOfWeek(days) {
  const options = { day: "numeric", month: "short" };
  const last = clock.formatDate(days.at(-1).date, { ...options, year: "numeric" });
  return `${clock.formatDate(days[0].date, options)} – ${last}`;
}

// Updates the sums, which grow while a timer runs.
export function updateSums({ days, booked, today }, now) {
  let total = 0;
  days.forEach((day, index) => {
    const seconds = secondsOfDay(day, day.sessions, booked, now);
    total += seconds;
    const [weekday, number, sum] = $("days").children[index].children;
    const isEmptyFuture = day.date > today && seconds === 0;
    write(weekday, clock.formatDate(day.date, { weekday: "short" }));
    write(number, clock.formatDate(day.date, { day: "numeric" }));
    write(sum, day.known && !isEmptyFuture ? clock.formatShort(seconds) : "–");
    const label = day.known ? clock.formatMinutes(seconds) : TEXTS.sumNotLoaded;
    $("days").children[index].setAttribute("aria-label", `${nameOfDay(day.date)}, ${label}`);
  });
  write($("week-total"), days.every(({ known }) => known) ? clock.formatMinutes(total) : TEXTS.sumNotLoaded);
}

export const nameOfDay = (date) =>
  clock.formatDate(date, { weekday: "long", day: "numeric", month: "long" });
