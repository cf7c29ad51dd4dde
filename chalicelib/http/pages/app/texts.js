// All texts of this app, in each of its languages. The browser's languages decide which one is used.
//
// To add a language, write one more object with the same names, and name it in LANGUAGES. Texts with
// values are functions. index.html names its texts in `data-text` and
// `data-label` (for screen readers).

const ENGLISH = {
  locale: "en-GB",

  // Login
  loginHint: "Start and stop your timers, also without a network.",
  pairingCode: "Pairing code",
  token: "Your API token",
  insteadOfCode: "(instead of a code)",
  organization: "Organization",
  anotherServer: "Another server",
  apiAddress: "Address of the API",
  logIn: "Log in",
  logOut: "Log out",
  demo: "Try the demo",
  noCredentials: "Enter a pairing code or an API token.",
  invalidToken: "This token is not valid.",
  chooseOrganization: "Choose one of your organizations.",
  checkAddress: "Check the address of the API, then log in.",
  needsHttps: "stint's pocket client needs HTTPS, or a server on this computer.",
  replaceLogin: (name) => `${name} is logged in. Log out, and use the pairing code instead?`,
  stillValid:
    "No connection. The data of this device can be deleted now, but its token stays valid until you or an " +
    "admin revoke it. Log out anyway?",
  tokenEnded: (name) => `The token of ${name} is no longer valid. Log in again.`,
  sentThen: (taps) => `${taps} will be sent then.`,
  deleteTaps: (name, count) => `Taps of ${name} that are not recorded yet: ${count}. Delete them?`,

  // The state of the queue
  taps: (count) => (count === 1 ? "1 tap" : `${count} taps`),
  noConnection: "No connection.",
  outOfDate: "The page may be out of date.",
  sentLater: (taps) => `${taps} will be sent later.`,
  sending: (taps) => `Sending ${taps} ...`,

  // Now
  attention: "What needs your attention",
  now: "Now",
  nothingRuns: "No timer is running",
  tapToStart: "Tap a service to start.",
  since: (time) => `since ${time}`,
  stop: "Stop",
  start: "Start",
  search: "Search",
  unknownService: "Unknown service",

  // Sessions
  today: "Today",
  lastDays: "The last 7 days",
  ofToday: (time) => `${time} today`,
  stoppedByLimit: "stopped by a limit",
  waiting: "waiting",
  running: "now",
  change: "Change",
  changeOf: (name, times) => `Change ${name}, ${times}`,
  add: "Add a session",

  // The form
  addTitle: "Add a session",
  changeTitle: "Change the session",
  service: "Service",
  end: "End",
  emptyIfRunning: "(empty: still running)",
  save: "Save",
  delete: "Delete",
  cancel: "Cancel",
  deleteSession: "Delete this session?",
  chooseService: "Choose a service",
  noService: "Choose a service.",
  noStart: "Enter the start.",
  startInFuture: "The start is in the future.",
  endInFuture: "The end is in the future.",
  endBeforeStart: "The end is before the start.",

  // Notices
  dismiss: "Dismiss",
  endedThen: "It ended then",
  sayEnd: "Say when it ended",
  otherService: "Choose another service",
  startInstead: (time) => `Start at ${time} instead`,
  whenDidItEnd: (name, times) => `${name}, ${times}, was stopped by a limit. When did it really end?`,
  wasStopped: (name, time) => `${name} was already stopped at ${time}.`,
  wasStoppedBefore: (name, time, tapped) =>
    `${name} was already stopped at ${time}, before your stop at ${tapped}.`,
  wasStoppedByLimit: (name, time) => `${name} was stopped by a limit at ${time}.`,
  wasStoppedByLimitBefore: (name, time, tapped) =>
    `${name} was stopped by a limit at ${time}, before your stop at ${tapped}.`,
  aTimer: "A timer",
  notStopped: (name, time, reason) => `${name} was not stopped at ${time}: ${reason}.`,
  notChanged: (name, times, reason) => `${name}, ${times}, was not changed: ${reason}.`,
  notDeleted: (name, times, reason) => `${name}, ${times}, was not deleted: ${reason}.`,
  notRecorded: (name, times, reason) => `${name}, ${times}, was not recorded: ${reason}.`,
  overlaps: (name, times) => `it overlaps ${name}, ${times}`,
  overlapsAnother: "it overlaps another session",
  periodClosed: (date) => `the time up to ${date} is closed, and only an admin can open it`,
  serviceRefused: {
    archived: "this service is archived",
    time_tracking_disabled: "this service takes no time",
    unknown: "this service no longer exists",
    other: "this service is not available",
  },
};

const GERMAN = {
  locale: "de-DE",

  // Login
  loginHint: "Starte und stoppe deine Timer, auch ohne Netz.",
  pairingCode: "Kopplungscode",
  token: "Dein API-Token",
  insteadOfCode: "(statt eines Codes)",
  organization: "Organisation",
  anotherServer: "Anderer Server",
  apiAddress: "Adresse der API",
  logIn: "Anmelden",
  logOut: "Abmelden",
  demo: "Demo ausprobieren",
  noCredentials: "Gib einen Kopplungscode oder ein API-Token ein.",
  invalidToken: "Dieses Token ist nicht gültig.",
  chooseOrganization: "Wähle eine deiner Organisationen.",
  checkAddress: "Prüfe die Adresse der API und melde dich dann an.",
  needsHttps: "stint braucht HTTPS oder einen Server auf diesem Computer.",
  replaceLogin: (name) => `${name} ist angemeldet. Abmelden und stattdessen den Kopplungscode verwenden?`,
  stillValid:
    "Keine Verbindung. Die Daten dieses Geräts können jetzt gelöscht werden, aber sein Token bleibt gültig, " +
    "bis du oder ein Admin es widerruft. Trotzdem abmelden?",
  tokenEnded: (name) => `Das Token von ${name} ist nicht mehr gültig. Melde dich neu an.`,
  sentThen: (taps) => `Danach wird gesendet: ${taps}.`,
  deleteTaps: (name, count) => `Eingaben von ${name}, die noch nicht gespeichert sind: ${count}. Löschen?`,

  // The state of the queue
  taps: (count) => (count === 1 ? "1 Eingabe" : `${count} Eingaben`),
  noConnection: "Keine Verbindung.",
  outOfDate: "Die Seite ist vielleicht nicht aktuell.",
  sentLater: (taps) => `Später wird gesendet: ${taps}.`,
  sending: (taps) => `Sende ${taps} ...`,

  // Now
  attention: "Was du prüfen solltest",
  now: "Jetzt",
  nothingRuns: "Kein Timer läuft",
  tapToStart: "Tippe zum Starten auf eine Leistung.",
  since: (time) => `seit ${time}`,
  stop: "Stopp",
  start: "Start",
  search: "Suchen",
  unknownService: "Unbekannte Leistung",

  // Sessions
  today: "Heute",
  lastDays: "Die letzten 7 Tage",
  ofToday: (time) => `${time} heute`,
  stoppedByLimit: "von einem Limit gestoppt",
  waiting: "wartet",
  running: "jetzt",
  change: "Ändern",
  changeOf: (name, times) => `${name}, ${times}, ändern`,
  add: "Eintrag hinzufügen",

  // The form
  addTitle: "Eintrag hinzufügen",
  changeTitle: "Eintrag ändern",
  service: "Leistung",
  end: "Ende",
  emptyIfRunning: "(leer: läuft noch)",
  save: "Speichern",
  delete: "Löschen",
  cancel: "Abbrechen",
  deleteSession: "Diesen Eintrag löschen?",
  chooseService: "Wähle eine Leistung",
  noService: "Wähle eine Leistung.",
  noStart: "Gib den Start ein.",
  startInFuture: "Der Start liegt in der Zukunft.",
  endInFuture: "Das Ende liegt in der Zukunft.",
  endBeforeStart: "Das Ende liegt vor dem Start.",

  // Notices
  dismiss: "Verwerfen",
  endedThen: "Das stimmt",
  sayEnd: "Ende eingeben",
  otherService: "Andere Leistung wählen",
  startInstead: (time) => `Stattdessen um ${time} starten`,
  whenDidItEnd: (name, times) =>
    `${name}, ${times}, wurde von einem Limit gestoppt. Wann war wirklich Schluss?`,
  wasStopped: (name, time) => `${name} war schon um ${time} gestoppt.`,
  wasStoppedBefore: (name, time, tapped) =>
    `${name} war schon um ${time} gestoppt, vor deinem Stopp um ${tapped}.`,
  wasStoppedByLimit: (name, time) => `${name} wurde um ${time} von einem Limit gestoppt.`,
  wasStoppedByLimitBefore: (name, time, tapped) =>
    `${name} wurde um ${time} von einem Limit gestoppt, vor deinem Stopp um ${tapped}.`,
  aTimer: "Ein Timer",
  notStopped: (name, time, reason) => `${name} wurde um ${time} nicht gestoppt: ${reason}.`,
  notChanged: (name, times, reason) => `${name}, ${times}, wurde nicht geändert: ${reason}.`,
  notDeleted: (name, times, reason) => `${name}, ${times}, wurde nicht gelöscht: ${reason}.`,
  notRecorded: (name, times, reason) => `${name}, ${times}, wurde nicht gespeichert: ${reason}.`,
  overlaps: (name, times) => `er überschneidet sich mit ${name}, ${times}`,
  overlapsAnother: "er überschneidet sich mit einem anderen Eintrag",
  periodClosed: (date) => `die Zeit bis ${date} ist abgeschlossen, und nur ein Admin kann sie öffnen`,
  serviceRefused: {
    archived: "diese Leistung ist archiviert",
    time_tracking_disabled: "auf diese Leistung wird keine Zeit gebucht",
    unknown: "diese Leistung gibt es nicht mehr",
    other: "diese Leistung ist nicht verfügbar",
  },
};

export const LANGUAGES = { en: ENGLISH, de: GERMAN };

// The first of the browser's languages that the app has, or English.
export const LANGUAGE =
  navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES) ?? "en";

export const TEXTS = LANGUAGES[LANGUAGE];

// Returns the text of an error of a request.
export const messageOf = (error) => (error.isConnected === false ? TEXTS.noConnection : asSentence(error.message));

// Most details of the API end with a period; "attribute is invalid" does not.
const asSentence = (text) => text.replace(/\.?$/, ".");

// Writes the texts that index.html names.
export function writeTexts() {
  document.documentElement.lang = LANGUAGE;
  const writeAll = (name, write) => {
    for (const target of document.querySelectorAll(`[data-${name}]`)) write(target, TEXTS[target.dataset[name]]);
  };
  writeAll("text", (target, text) => { target.textContent = text; });
  writeAll("label", (target, text) => target.setAttribute("aria-label", text));
}
