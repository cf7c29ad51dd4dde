// Stores the files of the page on the phone, so that it opens without a network. It does not handle
// requests to the API.

// The hash of the files below. If a file changes, tests/devserver/test_pocket.py prints the new
// version; with it, browsers load all files again, together.
const VERSION = "250a580142f36e0a";
const CACHE = `stint-pocket-${VERSION}`;
const FILES = [
  "./",
  "api.js",
  "clock.js",
  "day.js",
  "dom.js",
  "editor.js",
  "icon-192.png",
  "icon-512.png",
  "icon.svg",
  "login.js",
  "main.js",
  "manifest.webmanifest",
  "notices.js",
  "pairing.js",
  "pocket.css",
  "queue.js",
  "refresh.js",
  "requests.js",
  "sender.js",
  "store.js",
  "sync.js",
  "views.js",
];
const URLS = new Set(FILES.map((name) => new URL(name, registration.scope).href));

addEventListener("install", (event) => {
  const requests = FILES.map((name) => new Request(name, { cache: "no-cache" }));
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
