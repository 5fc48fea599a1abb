// The service worker of one event's check-in page: without a network it answers with what the page has kept
// (offline_page.js). It touches nothing but this page and the files of pages.

const PATIENCE_MS = 5_000;
const page = new URL(registration.scope).pathname; // /console/events/7/check-in
const kept = () => caches.open(page);

async function answerPage(request) {
  let answer = null;
  try {
    answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    // no network, or as good as none
  }
  if (answer && answer.status < 500) return answer;
  return (await (await kept()).match(page, { ignoreVary: true })) ?? answer ?? Response.error();
}

// Their path changes with what is in them.
async function answerFile(request) {
  return (await (await kept()).match(request, { ignoreVary: true })) ?? fetch(request);
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === page) event.respondWith(answerPage(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(answerFile(request));
});
