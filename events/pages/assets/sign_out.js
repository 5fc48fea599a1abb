// Signing out leaves nothing of any entrance on the device: neither pages with their lists, nor codes. What was let in
// without a network and not sent yet would be lost, so it asks first.

import { say } from "./language.js";
import { clearShelves, eventWith } from "./shelf.js";

const PAGE = /^\/console\/events\/[0-9]+\/check-in$/;

async function forgetPages() {
  for (const name of await caches.keys()) {
    if (PAGE.test(name)) await caches.delete(name);
  }
  for (const worker of await navigator.serviceWorker.getRegistrations()) {
    if (PAGE.test(new URL(worker.scope).pathname)) await worker.unregister();
  }
}

document.querySelector("form[action^='/console/logout']")?.addEventListener("submit", async (sent) => {
  sent.preventDefault();
  const event = eventWith(["waiting", "withdrawn", "conflicts"]);
  if (event && !confirm(say("sign-out-loses", { event }))) return;
  clearShelves();
  if ("caches" in window && "serviceWorker" in navigator) await forgetPages();
  sent.target.submit();
});
