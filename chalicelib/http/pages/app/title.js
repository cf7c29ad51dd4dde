// The title and the icon of the browser's tab: how long the running timer has run.

import { write } from "../shared/dom.js";
import { secondsOf } from "./day.js";
import { isolate } from "./direction.js";

const NAME = "stint";
const RUNNING_ICON = new URL("icon-running.svg", import.meta.url).href;
let idleIcon;

// Returns a title such as "1:05 Design". It follows from the clock, so it is right after sleep.
export function titleOf(running, now) {
  if (!running) return NAME;
  const minutes = Math.floor(secondsOf(running, now) / 60);
  const time = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
  return `${time} ${isolate(running.service.name)}`;
}

// `running` is the running session, or nothing.
export function showTitle(running, now) {
  write(document.querySelector("title"), titleOf(running, now));
  const icon = document.querySelector("link[rel=icon]");
  idleIcon ??= icon.href;
  const wanted = running ? RUNNING_ICON : idleIcon;
  if (icon.href !== wanted) icon.href = wanted;
}
