// Keeps the page itself on the phone, so that it opens without a network. It never touches the API.

// What tests/devserver/test_pocket.py says it must be: a digest of the files below. Where one of them
// changes, so does this, and browsers take all of them anew, together.
const VERSION = "8eed12de41ca43b6";
const CACHE = `stint-pocket-${VERSION}`;
const FILES = [
  "./",
  "api.js",
  "clock.js",
  "day.js",
  "icon-192.png",
  "icon-512.png",
  "icon.svg",
  "login.js",
  "main.js",
  "manifest.webmanifest",
  "pocket.css",
  "queue.js",
  "refresh.js",
  "store.js",
  "sync.js",
  "views.js",
];
const ADDRESSES = new Set(FILES.map((name) => new URL(name, registration.scope).href));

addEventListener("install", (event) => {
  const fresh = FILES.map((name) => new Request(name, { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => clients.claim()));
});

async function forgetOthers() {
  const others = (await caches.keys()).filter((it) => it.startsWith("stint-pocket-") && it !== CACHE);
  await Promise.all(others.map((it) => caches.delete(it)));
}

addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const address = url.replace(/[?#].*$/, "");
  if (method !== "GET" || !ADDRESSES.has(address)) return;
  event.respondWith(caches.match(address, { cacheName: CACHE }).then((it) => it ?? fetch(event.request)));
});
