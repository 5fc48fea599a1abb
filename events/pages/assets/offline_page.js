// Keeps the check-in page on the device, with its files and what it has read, for the time without a network.

import { eventId } from "./head.js";
import { carried } from "./language.js";

const page = `/console/events/${eventId}/check-in`;
// Loaded later, or by the browser itself.
const LATER = ["qr/decode.js", "qr/index.js", "icon.svg"];

// Browsers have both only where the page came by https, or from this machine.
export const possible = "serviceWorker" in navigator && "caches" in window;

const cache = () => caches.open(page);

export async function keepPage() {
  await navigator.serviceWorker.register(`${page}/worker.js`, { scope: page });
  const files = await usedFiles();
  const store = await cache();
  const present = (await store.keys()).map((request) => new URL(request.url).pathname);
  await store.addAll(files.filter((file) => !present.includes(file)));
  await keepAnswer(store);
  const old = present.filter((path) => path.startsWith("/assets/") && !files.includes(path));
  await Promise.all(old.map((path) => store.delete(path)));
}

// Not what it leads to when the session is over: that is the sign-in.
async function keepAnswer(store) {
  const answer = await fetch(page + carried);
  if (answer.ok && !answer.redirected) await store.put(page, answer);
}

async function usedFiles() {
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
  const loaded = performance.getEntriesByType("resource").map(({ name }) => new URL(name));
  const paths = loaded.filter(({ origin, pathname }) => origin === location.origin && pathname.startsWith("/assets/"));
  const later = LATER.map((name) => new URL(name, import.meta.url));
  return [...new Set([...paths, ...later].map(({ pathname }) => pathname))];
}

// Keeps `data` under a path; reads it; undefined if there is none.
export async function keep(path, data) {
  await (await cache()).put(path, new Response(JSON.stringify(data)));
}

export async function kept(path) {
  return (await (await cache()).match(path))?.json();
}

export const drop = async (path) => (await cache()).delete(path);
