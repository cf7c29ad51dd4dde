// Who runs what now.

import { dayAndTime, formatClock, now, parse } from "../shared/clock.js";
import { element } from "../shared/dom.js";
import { attempt, button, say, table, text } from "./elements.js";
import { getAll, nameOf, related, write } from "./requests.js";
import { TEXTS } from "./texts.js";

const INTERVAL_MILLISECONDS = 30_000;

export async function showNow(view, { organization: { zone } }) {
  const load = async () => {
    const timers = await getAll("/timers", {
      "filter[stopped_at]": "",
      include: "time_entry.service,time_entry.person",
    });
    const rows = timers.data.map((timer) => readRow(timers, timer));
    const columns = [
      { label: TEXTS.person, cell: ({ person }) => person },
      { label: TEXTS.service, cell: ({ service }) => service },
      { label: TEXTS.since, cell: ({ started }) => dayAndTime(started, zone) },
      { label: TEXTS.elapsed, cell: elapsed, number: true },
      { label: TEXTS.actions, cell: (row) => stopButton(row, load) },
    ];
    view.replaceChildren(rows.length ? table(columns, rows) : text("p", TEXTS.nobodyWorks));
    tick();
  };
  const tick = () => {
    for (const clock of view.querySelectorAll("[data-started]")) {
      clock.textContent = formatClock(Math.max(0, now() - Number(clock.dataset.started)));
    }
  };
  await load();
  const timers = [
    setInterval(tick, 1000),
    // A reload would take the focus from a button.
    setInterval(() => {
      if (!document.hidden && !view.contains(document.activeElement)) attempt(load);
    }, INTERVAL_MILLISECONDS),
  ];
  return () => timers.forEach(clearInterval);
}

function readRow(timers, timer) {
  const entry = related(timers, timer, "time_entry");
  return {
    id: timer.id,
    person: nameOf(related(timers, entry, "person")) || TEXTS.unknown,
    service: related(timers, entry, "service")?.attributes.name ?? TEXTS.unknown,
    started: parse(timer.attributes.started_at),
  };
}

function elapsed({ started }) {
  const clock = element("span");
  clock.dataset.started = started;
  return clock;
}

const stopButton = ({ id, person }, load) =>
  button(TEXTS.stop, () => attempt(async () => {
    await write("PATCH", `/timers/${id}/stop`);
    await load();
    say(TEXTS.stopped(person));
  }), `${TEXTS.stop}: ${person}`);
