// Stores the files of the page on the phone, so that it opens without a network. It does not handle
// requests to the API.

// The hash of all files. If a file changes, tests/http/test_static_pages.py prints the new version;
// with it, browsers load all files again, together.
const VERSION = "936c20aa02aaca51";
const CACHE = `stint-pocket-${VERSION}`;

// Where most files are. A server that puts them into a folder with a hash in its name writes that
// folder here: chalicelib/http/static_pages.py.
const FOLDER = "./";
const FILES = [
  "../shared/api.js",
  "../shared/base.css",
  "../shared/clock.js",
  "../shared/dom.js",
  "../shared/icon.svg",
  "../shared/pairing.js",
  "database.js",
  "day.js",
  "editor.js",
  "login.js",
  "main.js",
  "merge.js",
  "notices.js",
  "pocket.css",
  "problems.js",
  "queue.js",
  "records.js",
  "refresh.js",
  "requests.js",
  "sender.js",
  "store.js",
  "sync.js",
  "texts.js",
  "timers.js",
  "views.js",
];
const FIXED = ["./", "manifest.webmanifest"];
const PATHS = [...FIXED, ...FILES.map((name) => FOLDER + name)];
const URLS = new Set(PATHS.map((path) => new URL(path, registration.scope).href));

addEventListener("install", (event) => {
  // The files in a folder with a hash never change, so the browser may use those that it has.
  const isFixed = (path) => FOLDER === "./" || FIXED.includes(path);
  const requests = PATHS.map((path) => new Request(path, { cache: isFixed(path) ? "no-cache" : "default" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)).then(() => skipWaiting()));
});

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
  const cached = caches.match(fileUrl, { cacheName: CACHE });
  event.respondWith(cached.then((response) => response ?? fetch(event.request)));
});
