// What differs between the times on the page and the clock of this device. Pure functions.

import { formatDuration, utcOffset } from "../shared/clock.js";
import { TEXTS } from "./texts.js";

// Smaller differences are not visible in times of hours and minutes.
const MIN_SECONDS = 60;

// Returns the sentences, or "". `zone` is the zone of the page's times, `offset` the server's clock
// minus this device's, in seconds.
export function differenceText(zone, offset, timestamp, deviceZone = zoneOfDevice()) {
  return [zoneText(zone, deviceZone, timestamp), clockText(offset)].filter(Boolean).join(" ");
}

const zoneOfDevice = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

// Zones with other names may have the same time at present.
function zoneText(zone, deviceZone, timestamp) {
  const seconds = utcOffset(timestamp, zone) - utcOffset(timestamp, deviceZone);
  if (seconds === 0) return "";
  const write = seconds > 0 ? TEXTS.zoneAhead : TEXTS.zoneBehind;
  return write(zone, formatDuration(Math.abs(seconds)));
}

function clockText(offset) {
  if (Math.abs(offset) < MIN_SECONDS) return "";
  return (offset > 0 ? TEXTS.clockSlow : TEXTS.clockFast)(formatDuration(Math.abs(offset)));
}
