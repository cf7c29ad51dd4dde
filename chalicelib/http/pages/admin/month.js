// The month by person and service: a table with bars, the CSV, and the closing of the month.

import { dateOf, formatMinutes, now } from "../shared/clock.js";
import { element } from "../shared/dom.js";
import { closing } from "./closing.js";
import { isMonth, lastDayOf, monthsAfter, nameOfMonth } from "./dates.js";
import { attempt, bar, button, section, table, text } from "./elements.js";
import { download, getAll, nameOf, related } from "./requests.js";
import { TEXTS, VIEWS } from "./texts.js";

const PATH = "/reports/time_entry_reports";

export async function showMonth(view, account, [requested]) {
  const today = dateOf(now(), account.organization.zone);
  const month = isMonth(requested) ? requested : today.slice(0, 7);
  const range = { "filter[after]": `${month}-01`, "filter[before]": lastDayOf(month) };
  const load = async (group, parameters) => readRows(await getAll(PATH, { group, ...range, ...parameters }));
  // Each row and each total is rounded once, from seconds. So they are not computed from each other.
  const [byPerson, byService, byBoth, all, closed] = await Promise.all([
    load("person", { include: "person" }),
    load("service", { include: "service" }),
    load("person,service", { include: "person,service" }),
    load("organization"),
    closing(account, month, today),
  ]);
  const total = all.length ? figures(all[0]) : [];
  const csv = () => download(PATH, { group: "person,service", ...range }, `stint-${month}.csv`);
  view.replaceChildren(
    text("h3", nameOfMonth(month)),
    bar(
      button(TEXTS.previousMonth, () => { location.hash = `month/${monthsAfter(month, -1)}`; }),
      button(TEXTS.nextMonth, () => { location.hash = `month/${monthsAfter(month, 1)}`; }),
      button(TEXTS.csv, () => attempt(csv)),
    ),
    ...(byBoth.length ? [
      section(VIEWS.people, sums(byPerson, { label: TEXTS.person, cell: (row) => daysLink(row, month) }, total)),
      section(VIEWS.services, sums(byService, SERVICE, total)),
      section(TEXTS.byBoth, table([PERSON, SERVICE, ...FIGURES], sortByPerson(byBoth), [TEXTS.total, "", ...total])),
    ] : [text("p", TEXTS.noTime)]),
    ...closed,
  );
}

function readRows(report) {
  return report.data.map((row) => {
    const { total_time: total, total_billable_time: billable, count } = row.attributes;
    const person = related(report, row, "person");
    return {
      person: nameOf(person) || TEXTS.unknown,
      personId: person?.id,
      service: related(report, row, "service")?.attributes.name ?? TEXTS.unknown,
      total,
      billable,
      count,
    };
  });
}

// Returns a table with bars, the largest row first.
function sums(rows, column, total) {
  const sorted = [...rows].sort((one, other) => other.total - one.total);
  const largest = Math.max(1, sorted[0].total);
  const bars = { label: TEXTS.share, cell: (row) => share(row.total / largest) };
  return table([column, ...FIGURES, bars], sorted, [TEXTS.total, ...total, ""]);
}

const sortByPerson = (rows) =>
  [...rows].sort((one, other) => one.person.localeCompare(other.person) || other.total - one.total);

const minutes = (value) => formatMinutes(value * 60);
const figures = (row) => FIGURES.map(({ cell }) => cell(row));

const PERSON = { label: TEXTS.person, cell: ({ person }) => person };
const SERVICE = { label: TEXTS.service, cell: ({ service }) => service };
const FIGURES = [
  { label: TEXTS.time, cell: ({ total }) => minutes(total), number: true },
  { label: TEXTS.billable, cell: ({ billable }) => minutes(billable), number: true },
  { label: TEXTS.entries, cell: ({ count }) => String(count), number: true },
];

// The bar repeats what the table's figures say, so screen readers skip it.
function share(part) {
  const created = element("span");
  created.className = "share";
  created.setAttribute("aria-hidden", "true");
  created.style.setProperty("--share", Math.round(part * 100));
  return created;
}

function daysLink({ person, personId }, month) {
  const link = text("a", person);
  link.href = `#days/${personId}/${month}-01`;
  link.setAttribute("aria-label", TEXTS.openDays(person));
  return link;
}
