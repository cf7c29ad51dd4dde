// Stores the files of the page on the phone, so that it opens without a network. It does not handle
// requests to the API.

// The hash of all files. If a file changes, tests/http/test_static_pages.py prints the new version;
// with it, browsers load all files again, together.
const VERSION = "54ebecd3dc370f38";
const CACHE = `stint-pocket-${VERSION}`;

// Where most files are. A server that puts them into a folder with a hash in its name writes that
// folder here: chalicelib/http/static_pages.py.
const FOLDER = "./";
const FILES = [
  "../shared/api.js",
  "../shared/base.css",
  "../shared/clock.js",
  "../shared/dom.js",
  "../shared/focus.js",
  "../shared/icon.svg",
  "../shared/pairing.js",
  "../shared/qr.js",
  "announce.js",
  "answers.js",
  "autostops.js",
  "booked.js",
  "database.js",
  "day.js",
  "device.js",
  "direction.js",
  "editor.js",
  "forms.js",
  "gaps.js",
  "history.js",
  "icon-running.svg",
  "leader.js",
  "limits.js",
  "live.js",
  "lock.js",
  "login.js",
  "main.js",
  "merge.js",
  "messages.js",
  "notes.js",
  "notices.js",
  "phones.js",
  "pocket.css",
  "polling.js",
  "preferences.js",
  "problems.js",
  "queue.js",
  "recents.js",
  "records.js",
  "refresh.js",
  "refusals.js",
  "requests.js",
  "running.js",
  "search.js",
  "sender.js",
  "services.js",
  "sessions.js",
  "shortcuts.js",
  "status.js",
  "store.js",
  "sync.js",
  "texts.js",
  "timers.js",
  "title.js",
  "updates.js",
  "views.js",
  "week.css",
  "week.js",
  "week_view.js",
];
const FIXED = ["./", "manifest.webmanifest"];
const PATHS = [...FIXED, ...FILES.map((name) => FOLDER + name)];
const URLS = new Set(PATHS.map((path) => new URL(path, registration.scope).href));

addEventListener("install", (event) => {
  event.waitUntil(storeFiles().then(() => skipWaiting()));
});

// Stores all files, or none of them.
async function storeFiles() {
  // The files in a folder with a hash never change, so the browser may use those that it has.
  const isFixed = (path) => FOLDER === "./" || FIXED.includes(path);
  const requests = PATHS.map((path) => new Request(path, { cache: isFixed(path) ? "no-cache" : "default" }));
  const cache = await caches.open(CACHE);
  try {
    await cache.addAll(requests);
  } catch (error) {
    // On a full disk, an empty cache would remain.
    await caches.delete(CACHE);
    throw error;
  }
}

// The browser may delete the cache at any time, and does not install the same version again.
addEventListener("message", (event) => {
  event.waitUntil(storeMissingFiles().catch(() => {}));
});

async function storeMissingFiles() {
  if (!(await caches.has(CACHE))) await storeFiles();
}

addEventListener("activate", (event) => {
  event.waitUntil(deleteOldCaches().then(() => clients.claim()));
});

async function deleteOldCaches() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("stint-pocket-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const fileUrl = url.replace(/[?#].*$/, "");
  if (method !== "GET" || !URLS.has(fileUrl)) return;
  // It fails if the browser cannot read its storage.
  const cached = caches.match(fileUrl, { cacheName: CACHE }).catch(() => undefined);
  const loaded = cached.then((response) => response ?? fetch(event.request));
  event.respondWith(event.request.mode === "navigate" ? loaded.catch(offlinePage) : loaded);
});

// What the person sees without a connection if the browser has deleted the files.
function offlinePage() {
  const text = `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>stint</title>
<p>stint cannot open: there is no connection, and the browser has deleted this page from the phone.
<a href="">Try again</a> with a connection.</p>
<p lang="de">stint kann nicht geöffnet werden: Es gibt keine Verbindung, und der Browser hat diese Seite vom Telefon
gelöscht. <a href="">Versuche es noch einmal</a>, wenn es eine Verbindung gibt.</p>`;
  return new Response(text, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
