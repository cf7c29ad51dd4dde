// What was changed, by whom: revisions of time, and those of people, tokens, services and settings.

import { dayAndTime, parse } from "../shared/clock.js";
import { element } from "../shared/dom.js";
import { attempt, bar, button, field, text } from "./elements.js";
import { follow, get, getAll, nameOf, related } from "./requests.js";
import { FIELDS, TEXTS } from "./texts.js";

const PAGE = { include: "person,creator", "page[size]": 50 };

export async function showChanges(view, { organization: { zone } }) {
  const people = await getAll("/people", { sort: "name" });
  const controls = bar(
    field({ name: "kind", label: TEXTS.kind, options: Object.entries(TEXTS.kinds) }),
    field({ name: "person", label: TEXTS.person, options: [["", TEXTS.everybody], ...people.data.map((one) => [one.id, nameOf(one)])] }),
    field({ name: "from", label: TEXTS.from, type: "date" }),
  );
  const list = element("div");
  const reload = async () => {
    const [kind, person, from] = [...controls.querySelectorAll("select, input")].map(({ value }) => value);
    const filters = {};
    if (person) filters["filter[person_id]"] = person;
    if (from) filters["filter[created_at][gt_eq]"] = from;
    list.replaceChildren(await changeList([kind], filters, zone));
  };
  controls.onchange = () => attempt(reload);
  view.replaceChildren(controls, list);
  await reload();
}

// Returns a list of changes, the newest first, with a button that loads more.
export async function changeList(kinds, filters, zone) {
  const list = element("ul");
  list.className = "changes";
  const container = element("div", list);
  let pages = await Promise.all(kinds.map((kind) => get(`/${kind}`, { ...filters, ...PAGE })));
  const append = () => {
    const rows = pages.flatMap((page) => page.data.map((revision) => [page, revision]));
    rows.sort(([, one], [, other]) => parse(other.attributes.created_at) - parse(one.attributes.created_at));
    list.append(...rows.map(([page, revision]) => changeRow(page, revision, zone)));
    more.hidden = !pages.some(({ links }) => links.next);
  };
  const more = button(TEXTS.more, () => attempt(async () => {
    const next = pages.map((page, index) => page.links.next && follow(`/${kinds[index]}`, page.links.next));
    pages = await Promise.all(next.map((page) => page ?? { data: [], links: {} }));
    append();
  }));
  append();
  container.append(list.children.length ? more : text("p", TEXTS.nothing));
  return container;
}

function changeRow(page, revision, zone) {
  const { act, before, after, created_at: created, subject_type: subject = revision.type } = revision.attributes;
  const who = nameOf(related(page, revision, "creator")) || TEXTS.operator;
  const whose = nameOf(related(page, revision, "person"));
  const what = [TEXTS.acts[act], TEXTS.subjects[subject], whose && TEXTS.whose(whose)];
  const values = Object.keys(before).map((name) =>
    text("span", `${FIELDS[name]}: ${shown(name, before[name], zone)} → ${shown(name, after[name], zone)}`));
  return element("li",
    text("strong", `${who} ${what.filter(Boolean).join(" ")}`),
    text("small", dayAndTime(parse(created), zone)),
    ...values);
}

function shown(name, value, zone) {
  if (value === null || value === "") return TEXTS.empty;
  if (typeof value === "boolean") return value ? TEXTS.yes : TEXTS.no;
  if (name === "stop_reason") return TEXTS.stopReasons[value];
  if (Array.isArray(value)) return value.join(", ");
  return /^\d{4}-\d\d-\d\dT/.test(value) ? dayAndTime(parse(value), zone) : String(value);
}
