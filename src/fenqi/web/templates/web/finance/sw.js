{% load static %}// The shell of the finance app: style and the offline page are kept, pages with figures always come from the network.
const SHELL = "fenqi-shell-1";
const OFFLINE = "{% url 'finance-offline' %}";
const KEPT = [OFFLINE, "{% static 'fenqi/tokens.css' %}", "{% static 'fenqi/base.css' %}", "{% static 'fenqi/components.css' %}", "{% static 'fenqi/areas/finance.css' %}", "{% static 'fenqi/mark.svg' %}"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(KEPT)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
    return;
  }
  const path = new URL(request.url).pathname;
  if (KEPT.includes(path)) event.respondWith(fetch(request).catch(() => caches.match(request)));
});
