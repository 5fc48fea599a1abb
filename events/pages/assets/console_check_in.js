// The entrance: type, scan with a scanner that types, or use the camera where the browser can read QR codes.

import { api } from "./api.js";
import { byId, el, person } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { pasted } from "./text.js";
import { Timer } from "./timer.js";
import { shortMoment } from "./times.js";

// A check-in code; or a ticket's id, which older QR codes hold.
const CODE = /(?:^|[^0-9])([1-9][0-9]{0,17})-([A-Za-z0-9_-]{8}-[A-Za-z0-9_-]{24}|[A-Za-z0-9_-]{28})(?![A-Za-z0-9_-])/;
const SCAN_MS = 250;
const LOG_LENGTH = 20;
const verdict = byId("verdict");
let busy = false;
let last = null;

function say(state, headline, text) {
  verdict.dataset.state = state;
  verdict.replaceChildren(el("p", { class: "figure" }, headline), el("p", {}, person(text)));
  byId("log").prepend(el("li", {}, `${new Date().toLocaleTimeString()} · ${headline} · `, person(text)));
  while (byId("log").children.length > LOG_LENGTH) byId("log").lastChild.remove();
}

// A scanner may give the code, or the address of a ticket's page.
async function enter(text) {
  const found = CODE.exec(text) ?? CODE.exec(pasted(text));
  if (!found) return say("bad", "No ticket", "This is not a ticket's code.");
  if (found[1] !== eventId) return say("bad", "Another event", "This ticket is for another event.");
  try {
    const guest = await api("POST", `/events/${eventId}/check-ins`, { code: `${found[1]}-${found[2]}` });
    say("good", "Welcome", guest.name);
  } catch (trouble) {
    say(...refusal(trouble));
  }
}

function refusal({ code, message, errors }) {
  if (code === "already_checked_in") return ["bad", "Already in", `Checked in at ${shortMoment(errors.checked_in_at[0])}.`];
  if (code === "not_confirmed") return ["bad", "No seat", "This registration has no seat."];
  if (code === "ticket_not_found") return ["bad", "Unknown", "There is no such ticket at your events."];
  return ["warn", "Try again", code ? message : "The service cannot be reached. No one was checked in."];
}

byId("entry-form").addEventListener("submit", async (sent) => {
  sent.preventDefault();
  const code = byId("code");
  if (busy || !code.value.trim()) return;
  busy = true;
  await enter(code.value.trim());
  busy = false;
  code.value = "";
  code.focus();
});

async function scan() {
  const video = byId("video");
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return say("warn", "No camera", "This browser may not use the camera.");
  }
  video.hidden = false;
  byId("scan-row").hidden = true;
  await video.play();
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const looking = new Timer(async () => {
    await look(detector, video);
    looking.set(SCAN_MS);
  });
  looking.set(SCAN_MS);
}

async function look(detector, video) {
  const [code] = busy ? [] : await detector.detect(video).catch(() => []);
  // The code stays in front of the camera for a while: once is enough.
  if (!code || code.rawValue === last) return;
  last = code.rawValue;
  busy = true;
  await enter(code.rawValue);
  busy = false;
}

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  const formats = await BarcodeDetector.getSupportedFormats();
  byId("scan-row").hidden = !formats.includes("qr_code");
  byId("scan").addEventListener("click", scan);
}
showHead();
