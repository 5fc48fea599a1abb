// Checks an event's public log in the visitor's own browser, against its signed checkpoint: docs/the-rules.md.
// On a ticket's page, that the ticket stands in it; on an event's page, how far it is and whether it is signed.

import { label } from "./labels.js";
import { filled, number } from "./language.js";

const TIMEOUT_MS = 20000;
const COMMITTED = { 2: 30, 3: 27, 4: 27, 5: 27, 6: 27, 8: 25, 14: 10 }; // where the ticket's commitment begins, by kind
const CORRECTION = 8; // which has no outcome
const text = new TextEncoder();
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16));
const plain = (base64) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
const same = (a, b) => a.length === b.length && a.every((one, at) => one === b[at]);

// Ed25519 keys under which anyone can sign: the points of small order, without the sign of x. Browsers take them.
const SMALL = [
  "00".repeat(32),
  "01" + "00".repeat(31),
  "ec" + "ff".repeat(30) + "7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map(bytes);

// Whether signatures under a key prove something; it also has to be written in the one way (RFC 8032, 5.1.3).
function proves(key) {
  const y = key.slice();
  y[31] &= 127;
  const tooLarge = y[0] >= 237 && y[31] === 127 && y.slice(1, 31).every((one) => one === 255);
  return !tooLarge && !SMALL.some((small) => same(y, small));
}

const say = (code, values) => filled(label("log", code), values);

class Wrong extends Error {
  constructor(code, values) {
    super(say(code, values));
  }
}

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const node = (left, right) => sha256([1], left, right);

// RFC 9162, 2.1.3.2: the root that an audit path leads to.
async function rootBy(leaf, index, size, path) {
  let [hash, at, last] = [leaf, index, size - 1];
  if (index >= size) throw new Wrong("behind-end");
  for (const sibling of path) {
    if (last === 0) throw new Wrong("proof-long");
    if (at % 2 || at === last) {
      hash = await node(sibling, hash);
      while (at % 2 === 0 && at) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else hash = await node(hash, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw new Wrong("proof-short");
  return hash;
}

function readCheckpoint(note) {
  const [origin, size, root] = note.split("\n");
  return { origin, size: Number(size), root: plain(root) };
}

// Whether the checkpoint is signed by the key; null where this browser cannot tell. Throws Wrong if it is not.
async function isSigned(note, verifierKey) {
  const end = note.lastIndexOf("\n\n");
  const told = note.slice(0, end + 1);
  const [name, id, ...rest] = verifierKey.trim().split("+");
  const key = plain(rest.join("+"));
  const ours = note.slice(end + 2).split("\n").filter((line) => line.startsWith(`\u2014 ${name} `));
  const signatures = ours.map((line) => plain(line.slice(line.lastIndexOf(" ") + 1)));
  const signature = signatures.find((one) => same(one.slice(0, 4), bytes(id)));
  if (!signature || name !== told.split("\n")[0]) throw new Wrong("not-signed");
  if (!proves(key.slice(1))) throw new Wrong("key-proves-nothing");
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.slice(1), { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
  if (await crypto.subtle.verify("Ed25519", imported, signature.slice(4), text.encode(told))) return true;
  throw new Wrong("signature-wrong");
}

async function read(url) {
  const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.ok) return answer;
  const { code, message } = await answer.json();
  throw Object.assign(new Error(message), { code });
}

async function checkTicket(ticket, event) {
  const { checkpoint, entries } = (await (await read(`/registrations/${ticket}/proof`)).json()).data;
  const [log, mine] = [readCheckpoint(checkpoint), await sha256(text.encode(ticket))];
  for (const { index, entry, inclusion } of entries) {
    const data = bytes(entry);
    const from = COMMITTED[data[0]];
    if (!from || !same(data.slice(from, from + 32), mine)) throw new Wrong("not-yours");
    const root = await rootBy(await sha256([0], data), index, log.size, inclusion.map(bytes));
    if (!same(root, log.root)) throw new Wrong("entry-missing", { index: number(index) });
  }
  const signed = await isSigned(checkpoint, await (await read(`/events/${event}/log/key`)).text());
  if (!entries.length) return [say("not-yet")];
  return [say("in"), ...entries.map((one) => told(one, log)), signatureWords(signed)];
}

function told({ index, entry }, log) {
  const [kind, outcome] = bytes(entry);
  const at = { index: number(index), size: number(log.size), kind: label("log-kinds", kind) };
  return kind === CORRECTION ? say("entry", at) : say("entry-outcome", { ...at, outcome: label("log-outcomes", outcome) });
}

async function checkEvent(event) {
  const note = await (await read(`/events/${event}/log/checkpoint`)).text();
  const signed = await isSigned(note, await (await read(`/events/${event}/log/key`)).text());
  const { size } = readCheckpoint(note);
  const found = (await (await read(`/events/${event}`)).json()).data;
  const [taken, seats, waiting] = [found.confirmed_count + found.held_count, found.max_capacity, found.waitlisted_count].map(number);
  return [say("state", { taken, seats, waiting }), say("size", { size: number(size) }), signatureWords(signed)];
}

function signatureWords(signed) {
  return say(signed ? "signature-right" : "signature-unable");
}

function show(place, lines, state) {
  place.dataset.state = state;
  place.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
}

async function check({ ticket, event }) {
  if (!globalThis.crypto?.subtle) return [[say("insecure")], "unable"];
  try {
    return [ticket ? await checkTicket(ticket, event) : await checkEvent(event), "done"];
  } catch (problem) {
    if (problem instanceof Wrong) return [[say("wrong"), problem.message], "wrong"];
    if (problem.code === "log_not_found") return [[say("none")], "none"];
    return [[say("away")], "unable"];
  }
}

document.addEventListener("click", async ({ target }) => {
  if (!target.matches("#check-log")) return;
  target.disabled = true;
  const place = document.getElementById("log-found");
  show(place, [say("moment")], "busy");
  const [lines, state] = await check(target.dataset);
  show(document.getElementById("log-found") ?? place, lines, state);
  target.disabled = false;
});
