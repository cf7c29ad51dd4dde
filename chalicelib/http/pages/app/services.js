// Renders the services: recently used ones, favourites, and the others behind a search.

import { now } from "../shared/clock.js";
import { $, button, element, updateRows, write } from "../shared/dom.js";
import { findRunning } from "./day.js";
import { MAX_UNFOLDED, distinguish, orderServices } from "./recents.js";
import { findServices } from "./search.js";
import { TEXTS } from "./texts.js";

// The first services have keys on the keyboard: 1 to 9.
const MAX_DIGIT = 9;

let isUnfolded = false;
// When the page was opened, or came back to the front.
let opened;
// Shows the services again, as they were shown last.
let showAgain = () => {};

// `render` shows the page with another order.
export function prepareServices(render) {
  $("search-text").oninput = () => showAgain();
  $("search-text").onkeydown = onSearchKey;
  $("all-services").onclick = () => {
    isUnfolded = !isUnfolded;
    showAgain();
  };
  addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    opened = now();
    render();
  });
}

function onSearchKey(event) {
  // Enter also ends the composition of a Japanese or Chinese word.
  if (event.isComposing) return;
  if (event.key === "Enter" && $("search-text").value.trim()) startOf(0)?.click();
  if (event.key !== "Escape") return;
  event.preventDefault();
  clearSearch();
}

function clearSearch() {
  $("search-text").value = "";
  showAgain();
}

// Returns the button that starts the shown service with this index.
export const startOf = (index) => $("services").children[index]?.querySelector(".start");

// `view` is what the page shows: see views.js.
export function showServices(view, handlers) {
  showAgain = () => showServices(view, handlers);
  opened ??= now();
  const { services, sessions, favourites, areShortcutsOn } = view;
  const isFoldable = services.length > MAX_UNFOLDED;
  const text = isFoldable ? $("search-text").value.trim() : "";
  const running = findRunning(sessions)?.service.id;
  const ordered = orderServices(services, sessions, favourites, opened, TEXTS.locale);
  const unfolded = ordered.filter(({ service, isFirst }) => isFirst || isUnfolded || text || service.id === running);
  const shown = findServices(unfolded.map(({ service }) => service), text);
  showSearch(isFoldable, text, shown.length, services.length);
  const remarks = remarksOf(services);
  updateRows($("services"), shown, (service) => service.id, serviceRow, (row, service) => {
    fillRow(row, service, remarks.get(service.id), favourites.includes(service.id), handlers);
    row.firstChild.setAttribute("aria-pressed", String(service.id === running));
  });
  showDigits(areShortcutsOn);
  showEmpty(view);
}

// Says why there is nothing to tap.
function showEmpty({ isLoaded, services, account, error }) {
  const isEmpty = isLoaded && services.length === 0;
  const isAdmin = account.role === "admin";
  const text = isEmpty ? (isAdmin ? TEXTS.noServicesForAdmin : TEXTS.noServices)
    : isLoaded ? "" : error ? TEXTS.notLoaded : TEXTS.loading;
  write($("no-services"), text);
  $("to-admin").href = new URL("../admin/", location.href);
  $("to-admin").hidden = !(isEmpty && isAdmin);
}

// Returns the differences between services with the same name, by id.
function remarksOf(services) {
  const remarks = [...distinguish(services)];
  return new Map(remarks.map(([id, remark]) => [id, TEXTS.serviceRemark[remark].replace("{id}", id)]));
}

// Returns the names of services by id, with the difference to others with the same name.
export function labelsOf(services) {
  const remarks = remarksOf(services);
  return new Map(services.map(({ id, name }) => [id, remarks.has(id) ? `${name} ${remarks.get(id)}` : name]));
}

function showDigits(areOn) {
  [...$("services").children].forEach(({ firstChild: start }, index) => {
    if (areOn && index < MAX_DIGIT) start.setAttribute("aria-keyshortcuts", String(index + 1));
    else start.removeAttribute("aria-keyshortcuts");
  });
}

function showSearch(isFoldable, text, found, count) {
  $("search").hidden = !isFoldable;
  write($("found"), text ? TEXTS.found(found, text) : "");
  $("all-services").hidden = !isFoldable || Boolean(text);
  $("all-services").setAttribute("aria-expanded", String(isUnfolded));
  write($("all-services"), TEXTS.allServices(count));
}

function serviceRow() {
  const [start, star, name, remark] = [button(), button(), element("bdi"), element("small")];
  start.className = "start";
  start.append(name, remark);
  star.className = "star";
  name.dir = "auto";
  return element("div", start, star);
}

function fillRow(row, service, remark, isFavourite, { tap, setFavourite }) {
  const [start, star] = row.children;
  write(start.children[0], service.name);
  write(start.children[1], remark ? ` ${remark}` : "");
  start.onclick = () => tap("start", service);
  write(star, isFavourite ? "★" : "☆");
  star.setAttribute("aria-pressed", String(isFavourite));
  star.setAttribute("aria-label", TEXTS.favourite(service.name));
  star.onclick = () => setFavourite(service.id, !isFavourite);
}
