// All texts of this app, in each of its languages. The browser's languages decide which one is used.
//
// A name that is written from right to left is isolated from the words beside it: direction.js.
//
// To add a language, write one more object with the same names, and name it in LANGUAGES. Texts with
// values are functions. index.html names its texts in `data-text` and
// `data-label` (for screen readers).

import { isolateNames } from "./direction.js";

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
  invalidCode: "This code is not valid. It is mistyped, used or too old. Get a new one.",
  tooManyTokens: "You have the maximum number of tokens. Revoke one on another device, or ask an admin.",
  noOrganization: "This token belongs to no organization.",
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
  sentLater: (taps) => `${taps} will be sent later.`,
  sentLaterSince: (taps, time) => `${taps} will be sent later, waiting since ${time}.`,
  sending: (taps) => `Sending ${taps} ...`,
  outOfDate: "The page may be out of date.",
  asOf: (time) => `The page shows the state of ${time}.`,
  updating: "Updating ...",
  nextTry: (duration) => `Next try in ${duration}.`,
  trying: "Trying now ...",
  tryNow: "Try now",

  // Errors
  noConnection: "No connection.",
  serverBusy: "The server is busy.",
  serverProblem: "The server has a problem.",
  pageProblem: "This page has a problem. Reload it.",
  tryAgainIn: (duration) => `Try again in ${duration}.`,
  quoted: (detail) => `The server's words: “${detail}”`,

  // Problems of the page and of the phone's storage
  storageProblem: {
    full: "This phone's storage is full. Delete something, then try again.",
    refused: "This browser does not let the page store anything: a private window or a setting forbids it.",
    outdated: "A newer version of this page is open in another tab. Reload this page.",
    blocked: "An older version of this page is open in another tab. Close that tab, or reload it.",
    silent: "This phone's storage does not respond.",
    failed: "The browser has closed this phone's storage, or cannot read it.",
    deleted: "The data of this page was deleted on this phone. Log in again.",
    other: "Another person has logged in on this phone. Log out here to see that login.",
  },
  sentAtOnce: "You can go on. What you enter is not stored on this phone, but sent at once if there is a connection.",
  notStored: (taps) => `${taps} not stored and not sent yet. Keep this page open:`,
  deletionPending:
    "You are logged out, but your data is still on this phone. Keep this page open until it can be deleted, or " +
    "delete the data of this site in the browser's settings.",
  unexpectedError: (message) => `Something went wrong in this page (${message}). Reload it.`,
  retryStorage: "Try again",
  reload: "Reload",
  deleteData: "Delete the data of this page",
  deleteDataQuestion:
    "Delete all data of this page on this phone? What was not sent yet is lost, and you have to log in again.",

  // The clock and the time zone of this device
  zoneAhead: (zone, duration) => `Times are in ${zone}, ${duration} ahead of this device.`,
  zoneBehind: (zone, duration) => `Times are in ${zone}, ${duration} behind this device.`,
  clockFast: (duration) => `The clock of this device is ${duration} fast. Times are by the server's clock.`,
  clockSlow: (duration) => `The clock of this device is ${duration} slow. Times are by the server's clock.`,

  // Now
  attention: "What needs your attention",
  now: "Now",
  nothingRuns: "No timer is running",
  tapToStart: "Tap a service to start.",
  loading: "Loading ...",
  notLoaded: "Not loaded yet",
  stopsAt: (time) => `It stops by itself at ${time}.`,
  stopsSoon: (time) => `It stops by itself soon, at ${time}. If you still work then, start it again.`,
  since: (time) => `since ${time}`,
  stop: "Stop",
  start: "Start",
  search: "Search",
  found: (count, text) =>
    count === 0 ? `No service has “${text}” in its name.` : count === 1 ? "1 service" : `${count} services`,
  allServices: (count) => `All services (${count})`,
  favourite: (name) => `Favourite: ${name}`,
  serviceRemark: { billable: "(billable)", internal: "(not billable)", number: "(no. {id})" },
  stoppedAfter: (name, time) => `${name} was stopped after ${time}.`,
  deleted: "The session was deleted.",
  unknownService: "Unknown service",
  noServices: "There are no services yet. An admin can add them.",
  noServicesForAdmin: "There are no services yet. Add the first one on the admin page.",
  adminPage: "Admin page",

  // Sessions
  today: "Today",
  ofToday: (time) => `${time} today`,
  ofThisDay: (time) => `${time} on this day`,
  previousWeek: "Previous week",
  nextWeek: "Next week",
  shownDate: "Day",
  sumNotLoaded: "not loaded",
  loadingWeek: "Loading ...",
  dayNotLoaded: "This day is not loaded yet. That needs a network.",
  bookedNotLoaded: "Time that was booked without a timer is not loaded yet. That needs a network.",
  dayClosed: "This day is closed: only an admin can open it.",
  bookedByHand: "booked without a timer",
  minutes: "Minutes",
  emptyIsSessions: "They count instead of the time of the sessions. Empty: the sessions count.",
  wrongMinutes: (maximum) => `Enter whole minutes, from 0 to ${maximum}.`,
  deleteBooked: "Delete this time?",
  setByHand: (time) => `set by hand: ${time} count in all`,
  continueOf: (name) => `Continue ${name}`,
  stoppedByLimit: "stopped by a limit",
  waiting: "waiting",
  running: "now",
  change: "Change",
  changeOf: (name, times) => `Change ${name}, ${times}`,
  add: "Add a session",

  // This device
  thisDevice: "This device",
  logOutHint:
    "Logging out ends this device's access and deletes the data that it stores. Your recorded time stays.",
  addPhone: "Add another phone",
  loadingCode: "Getting a code ...",
  scanCode: "Scan this code with the phone's camera, or open this page on it and type the code.",
  scanCodeLocally:
    "Only this computer reaches this server. Open this page in another browser on it and type the code.",
  qrLabel: "QR code with the link that logs the phone in",
  pairingLink: "Link with the code",
  validFor: (time) => `Valid once, for ${time} minutes.`,
  newCode: "New code",
  codeExpired: "The code for another phone is no longer valid.",
  pairingNeedsNetwork: "No connection. A new code needs the network.",
  close: "Close",
  shortcutsTitle: "Keyboard shortcuts",
  shortcutsOn: "Use these keys",
  shortcutsAreOff: "The keys are off.",
  shortcuts: {
    start: "start one of the first nine services",
    stop: "stop the timer",
    search: "search the services",
    add: "add a session",
    help: "show these keys",
  },

  // The form
  addTitle: "Add a session",
  changeTitle: "Change the session",
  service: "Service",
  end: "End",
  emptyIfRunning: "(empty: still running)",
  note: "Note",
  noteOfDay: "For this service on this day: all its sessions share one note.",
  addNote: "Add a note",
  changeNote: "Change the note",
  noteTooLong: (length, maximum) => `The note has ${length} characters. It can have ${maximum}.`,
  startIsClosed: (date) => `The time up to ${date} is closed. Only an admin can open it.`,
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
  otherTimes: "Use other times",
  recordAgain: "Record it again",
  startInstead: (time) => `Start at ${time} instead`,
  endInstead: (time) => `End at ${time} instead`,
  recordParts: (times) => `Record ${times}`,
  tryAgain: "Try again",
  copy: "Copy as text",
  copied: "Copied",
  copyThis: "Copy this text:",
  handOver: (person, date, zone, text) => `${person}, ${date}, ${zone}: ${text}`,
  dropSession: (name, times) => `Dismiss this? ${name}, ${times}, is then recorded nowhere.`,
  dropChange: "Dismiss this? The change is then lost.",
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
  bookedNotChanged: (name, { date, minutes, note }, reason) =>
    `The booked time of ${name} on ${date} was not changed: ${reason}. ` +
    `You entered: ${minutes ?? "no"} minutes${note ? `, “${note}”` : ""}.`,
  noteNotSaved: (name, note, reason) => `The note of ${name}, “${note}”, was not saved: ${reason}.`,
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
  reasons: {
    access_denied: "you are not allowed to do this, ask an admin",
    conflict: "it was changed elsewhere at the same moment",
    idempotency_key_reused: "an earlier request of this device had the same key",
    invalid_auth_token: "your login is no longer valid, log in again",
    no_organization_id: "your login does not fit this organization, log in again",
    payload_too_large: "it has too much text",
    precondition_failed: "it was changed meanwhile, for example on another device",
    query_too_broad: "there is too much to search through",
    rate_limited: "the server is busy",
    record_not_found: "it no longer exists, for example because another device deleted it",
    server_error: "the server has a problem",
    timers_running: "timers run in this period",
    unavailable: "the server is busy",
    outdated: "this page does not fit the server, reload it",
    other: "the server refuses it",
  },
  valueRefused: {
    date: "the date is not possible",
    note: "the note is not possible",
    person: "your account takes no time, ask an admin",
    time: "the time is not possible",
    time_entry: "its time entry no longer exists",
    other: "a value is not possible",
  },
  timeRefused: {
    startInFuture: "its start is in the future",
    endInFuture: "its end is in the future",
    endBeforeStart: "its end is before its start",
    tooOld: "a running timer can have started at most 31 days ago",
    tooLong: "a session can last at most 31 days",
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
  invalidCode: "Dieser Code ist nicht gültig. Er ist vertippt, verbraucht oder zu alt. Hol dir einen neuen.",
  tooManyTokens:
    "Du hast die höchste Zahl an Tokens. Widerrufe eines auf einem anderen Gerät, oder frage einen Admin.",
  noOrganization: "Dieses Token gehört zu keiner Organisation.",
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
  sentLater: (taps) => `Später wird gesendet: ${taps}.`,
  sentLaterSince: (taps, time) => `Später wird gesendet: ${taps}, wartet seit ${time}.`,
  sending: (taps) => `Sende ${taps} ...`,
  outOfDate: "Die Seite ist vielleicht nicht aktuell.",
  asOf: (time) => `Die Seite zeigt den Stand von ${time}.`,
  updating: "Wird aktualisiert ...",
  nextTry: (duration) => `Nächster Versuch in ${duration}.`,
  trying: "Neuer Versuch ...",
  tryNow: "Jetzt versuchen",

  // Errors
  noConnection: "Keine Verbindung.",
  serverBusy: "Der Server ist ausgelastet.",
  serverProblem: "Der Server hat ein Problem.",
  pageProblem: "Diese Seite hat ein Problem. Lade sie neu.",
  tryAgainIn: (duration) => `Versuche es in ${duration} noch einmal.`,
  quoted: (detail) => `Der Server schreibt: „${detail}“`,

  // Problems of the page and of the phone's storage
  storageProblem: {
    full: "Der Speicher dieses Telefons ist voll. Lösche etwas und versuche es dann noch einmal.",
    refused:
      "Dieser Browser lässt die Seite nichts speichern: Ein privates Fenster oder eine Einstellung verbietet es.",
    outdated: "In einem anderen Tab ist eine neuere Version dieser Seite offen. Lade diese Seite neu.",
    blocked: "In einem anderen Tab ist eine ältere Version dieser Seite offen. Schließe den Tab oder lade ihn neu.",
    silent: "Der Speicher dieses Telefons antwortet nicht.",
    failed: "Der Browser hat den Speicher dieses Telefons geschlossen oder kann ihn nicht lesen.",
    deleted: "Die Daten dieser Seite wurden auf diesem Telefon gelöscht. Melde dich neu an.",
    other: "Auf diesem Telefon hat sich jemand anders angemeldet. Melde dich hier ab, um das zu sehen.",
  },
  sentAtOnce:
    "Du kannst weiterarbeiten. Was du eingibst, wird nicht auf diesem Telefon gespeichert, aber mit Verbindung " +
    "sofort gesendet.",
  notStored: (taps) => `Nicht gespeichert und noch nicht gesendet: ${taps}. Lass diese Seite offen:`,
  deletionPending:
    "Du bist abgemeldet, aber deine Daten sind noch auf diesem Telefon. Lass diese Seite offen, bis sie gelöscht " +
    "werden können, oder lösche die Daten dieser Seite in den Einstellungen des Browsers.",
  unexpectedError: (message) => `Auf dieser Seite ist ein Fehler aufgetreten (${message}). Lade sie neu.`,
  retryStorage: "Noch einmal versuchen",
  reload: "Neu laden",
  deleteData: "Daten dieser Seite löschen",
  deleteDataQuestion:
    "Alle Daten dieser Seite auf diesem Telefon löschen? Was noch nicht gesendet wurde, geht verloren, und du " +
    "musst dich neu anmelden.",

  // The clock and the time zone of this device
  zoneAhead: (zone, duration) => `Zeiten in ${zone}, diesem Gerät ${duration} voraus.`,
  zoneBehind: (zone, duration) => `Zeiten in ${zone}, ${duration} hinter diesem Gerät.`,
  clockFast: (duration) => `Die Uhr dieses Geräts geht ${duration} vor. Die Zeiten folgen der Uhr des Servers.`,
  clockSlow: (duration) => `Die Uhr dieses Geräts geht ${duration} nach. Die Zeiten folgen der Uhr des Servers.`,

  // Now
  attention: "Was du prüfen solltest",
  now: "Jetzt",
  nothingRuns: "Kein Timer läuft",
  tapToStart: "Tippe zum Starten auf eine Leistung.",
  loading: "Wird geladen ...",
  notLoaded: "Noch nicht geladen",
  stopsAt: (time) => `Er stoppt von selbst um ${time}.`,
  stopsSoon: (time) => `Er stoppt bald von selbst, um ${time}. Arbeitest du dann noch, starte ihn neu.`,
  since: (time) => `seit ${time}`,
  stop: "Stopp",
  start: "Start",
  search: "Suchen",
  found: (count, text) =>
    count === 0 ? `Keine Leistung hat „${text}“ im Namen.` : count === 1 ? "1 Leistung" : `${count} Leistungen`,
  allServices: (count) => `Alle Leistungen (${count})`,
  favourite: (name) => `Favorit: ${name}`,
  serviceRemark: { billable: "(abrechenbar)", internal: "(nicht abrechenbar)", number: "(Nr. {id})" },
  stoppedAfter: (name, time) => `${name} wurde nach ${time} gestoppt.`,
  deleted: "Der Eintrag wurde gelöscht.",
  unknownService: "Unbekannte Leistung",
  noServices: "Es gibt noch keine Leistungen. Ein Admin kann sie anlegen.",
  noServicesForAdmin: "Es gibt noch keine Leistungen. Lege die erste auf der Admin-Seite an.",
  adminPage: "Admin-Seite",

  // Sessions
  today: "Heute",
  ofToday: (time) => `${time} heute`,
  ofThisDay: (time) => `${time} an diesem Tag`,
  previousWeek: "Vorige Woche",
  nextWeek: "Nächste Woche",
  shownDate: "Tag",
  sumNotLoaded: "nicht geladen",
  loadingWeek: "Wird geladen ...",
  dayNotLoaded: "Dieser Tag ist noch nicht geladen. Dafür ist ein Netz nötig.",
  bookedNotLoaded: "Ohne Timer gebuchte Zeit ist noch nicht geladen. Dafür ist ein Netz nötig.",
  dayClosed: "Dieser Tag ist abgeschlossen: Nur ein Admin kann ihn öffnen.",
  bookedByHand: "ohne Timer gebucht",
  minutes: "Minuten",
  emptyIsSessions: "Sie zählen statt der Zeit der Einträge. Leer: Die Einträge zählen.",
  wrongMinutes: (maximum) => `Gib ganze Minuten ein, von 0 bis ${maximum}.`,
  deleteBooked: "Diese Zeit löschen?",
  setByHand: (time) => `von Hand gesetzt: Insgesamt zählen ${time}`,
  continueOf: (name) => `${name} fortsetzen`,
  stoppedByLimit: "von einem Limit gestoppt",
  waiting: "wartet",
  running: "jetzt",
  change: "Ändern",
  changeOf: (name, times) => `${name}, ${times}, ändern`,
  add: "Eintrag hinzufügen",

  // This device
  thisDevice: "Dieses Gerät",
  logOutHint:
    "Beim Abmelden endet der Zugang dieses Geräts, und seine gespeicherten Daten werden gelöscht. " +
    "Deine erfasste Zeit bleibt.",
  addPhone: "Weiteres Handy anmelden",
  loadingCode: "Code wird geholt ...",
  scanCode: "Scanne diesen Code mit der Kamera des Handys, oder öffne dort diese Seite und gib ihn ein.",
  scanCodeLocally:
    "Nur dieser Computer erreicht diesen Server. Öffne diese Seite in einem anderen Browser darauf und gib den " +
    "Code ein.",
  qrLabel: "QR-Code mit dem Link, der das Handy anmeldet",
  pairingLink: "Link mit dem Code",
  validFor: (time) => `Gilt einmal, noch ${time} Minuten.`,
  newCode: "Neuer Code",
  codeExpired: "Der Code für ein weiteres Handy gilt nicht mehr.",
  pairingNeedsNetwork: "Keine Verbindung. Für einen neuen Code ist das Netz nötig.",
  close: "Schließen",
  shortcutsTitle: "Tastenkürzel",
  shortcutsOn: "Diese Tasten verwenden",
  shortcutsAreOff: "Die Tasten sind abgeschaltet.",
  shortcuts: {
    start: "eine der ersten neun Leistungen starten",
    stop: "den Timer stoppen",
    search: "Leistungen suchen",
    add: "einen Eintrag hinzufügen",
    help: "diese Tasten zeigen",
  },

  // The form
  addTitle: "Eintrag hinzufügen",
  changeTitle: "Eintrag ändern",
  service: "Leistung",
  end: "Ende",
  emptyIfRunning: "(leer: läuft noch)",
  note: "Notiz",
  noteOfDay: "Für diese Leistung an diesem Tag: Alle ihre Einträge haben eine gemeinsame Notiz.",
  addNote: "Notiz hinzufügen",
  changeNote: "Notiz ändern",
  noteTooLong: (length, maximum) => `Die Notiz hat ${length} Zeichen. Möglich sind ${maximum}.`,
  startIsClosed: (date) => `Die Zeit bis ${date} ist abgeschlossen. Nur ein Admin kann sie öffnen.`,
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
  otherTimes: "Andere Zeiten eingeben",
  recordAgain: "Neu eintragen",
  startInstead: (time) => `Stattdessen um ${time} starten`,
  endInstead: (time) => `Stattdessen um ${time} enden`,
  recordParts: (times) => `${times} eintragen`,
  tryAgain: "Noch einmal senden",
  copy: "Als Text kopieren",
  copied: "Kopiert",
  copyThis: "Kopiere diesen Text:",
  handOver: (person, date, zone, text) => `${person}, ${date}, ${zone}: ${text}`,
  dropSession: (name, times) => `Verwerfen? ${name}, ${times}, ist dann nirgends gespeichert.`,
  dropChange: "Verwerfen? Die Änderung ist dann verloren.",
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
  bookedNotChanged: (name, { date, minutes, note }, reason) =>
    `Die gebuchte Zeit für ${name} am ${date} wurde nicht geändert: ${reason}. ` +
    `Eingegeben waren: ${minutes ?? "keine"} Minuten${note ? `, „${note}“` : ""}.`,
  noteNotSaved: (name, note, reason) => `Die Notiz zu ${name}, „${note}“, wurde nicht gespeichert: ${reason}.`,
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
  reasons: {
    access_denied: "du darfst das nicht, frage einen Admin",
    conflict: "der Eintrag wurde im selben Moment anderswo geändert",
    idempotency_key_reused: "eine frühere Anfrage dieses Geräts hatte denselben Schlüssel",
    invalid_auth_token: "deine Anmeldung ist nicht mehr gültig, melde dich neu an",
    no_organization_id: "deine Anmeldung passt nicht zu dieser Organisation, melde dich neu an",
    payload_too_large: "der Text ist zu lang",
    precondition_failed: "der Eintrag wurde inzwischen geändert, zum Beispiel auf einem anderen Gerät",
    query_too_broad: "es gibt zu viel zu durchsuchen",
    rate_limited: "der Server ist ausgelastet",
    record_not_found: "den Eintrag gibt es nicht mehr, zum Beispiel weil ein anderes Gerät ihn gelöscht hat",
    server_error: "der Server hat ein Problem",
    timers_running: "in diesem Zeitraum laufen Timer",
    unavailable: "der Server ist ausgelastet",
    outdated: "diese Seite passt nicht zum Server, lade sie neu",
    other: "der Server lehnt es ab",
  },
  valueRefused: {
    date: "das Datum ist nicht möglich",
    note: "die Notiz ist nicht möglich",
    person: "auf dein Konto wird keine Zeit gebucht, frage einen Admin",
    time: "die Zeit ist nicht möglich",
    time_entry: "den zugehörigen Zeiteintrag gibt es nicht mehr",
    other: "ein Wert ist nicht möglich",
  },
  timeRefused: {
    startInFuture: "der Start liegt in der Zukunft",
    endInFuture: "das Ende liegt in der Zukunft",
    endBeforeStart: "das Ende liegt vor dem Start",
    tooOld: "ein laufender Timer kann vor höchstens 31 Tagen gestartet sein",
    tooLong: "ein Eintrag kann höchstens 31 Tage dauern",
  },
};

export const LANGUAGES = { en: ENGLISH, de: GERMAN };

// The first of the browser's languages that the app has, or English.
export const LANGUAGE =
  navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES) ?? "en";

export const TEXTS = isolateNames(LANGUAGES[LANGUAGE]);

// Writes the texts that index.html names.
export function writeTexts() {
  document.documentElement.lang = LANGUAGE;
  const writeAll = (name, write) => {
    for (const target of document.querySelectorAll(`[data-${name}]`)) write(target, TEXTS[target.dataset[name]]);
  };
  writeAll("text", (target, text) => { target.textContent = text; });
  writeAll("label", (target, text) => target.setAttribute("aria-label", text));
}
