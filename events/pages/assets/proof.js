// Checks an event's public log in the visitor's own browser, against its signed checkpoint: docs/the-rules.md.
// On a ticket's page, that the ticket stands in it; on an event's page, how far it is and whether it is signed.

const TIMEOUT_MS = 20000;
const COMMITTED = { 2: 30, 3: 27, 4: 27, 5: 27, 6: 27, 8: 25, 14: 10 }; // where the ticket's commitment begins, by kind
const KINDS = {
  ...{ 2: "registration", 3: "cancellation", 4: "confirmation", 5: "expiry", 6: "promotion", 8: "correction" },
  14: "turn in the draw",
};
const OUTCOMES = [
  ...["", "confirmed", "held", "on the waitlist", "sold out", "a duplicate", "closed", "cancelled", "invalid"],
  ...["by its holder", "by the organizer", "with the event", "the time was over", "in the draw", "not drawn"],
];
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

const words = (number) => number.toLocaleString("en");

class Wrong extends Error {}

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
  if (index >= size) throw new Wrong("An entry is said to stand behind the log's end.");
  for (const sibling of path) {
    if (last === 0) throw new Wrong("A proof is longer than it must be.");
    if (at % 2 || at === last) {
      hash = await node(sibling, hash);
      while (at % 2 === 0 && at) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else hash = await node(hash, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw new Wrong("A proof is shorter than it must be.");
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
  if (!signature || name !== told.split("\n")[0]) throw new Wrong("The log is not signed by its key.");
  if (!proves(key.slice(1))) throw new Wrong("The log's key is one under which anyone can sign.");
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.slice(1), { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
  if (await crypto.subtle.verify("Ed25519", imported, signature.slice(4), text.encode(told))) return true;
  throw new Wrong("The log's signature is wrong.");
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
    if (!from || !same(data.slice(from, from + 32), mine)) throw new Wrong("An entry is not this ticket's.");
    const root = await rootBy(await sha256([0], data), index, log.size, inclusion.map(bytes));
    if (!same(root, log.root)) throw new Wrong(`Entry ${index} is not in the log that was signed.`);
  }
  const signed = await isSigned(checkpoint, await (await read(`/events/${event}/log/key`)).text());
  if (!entries.length) return ["Your place is not in the public log yet. Please try again in a moment."];
  return ["Your place is in the public log.", ...entries.map((one) => told(one, log)), signatureWords(signed)];
}

function told({ index, entry }, log) {
  const [kind, outcome] = bytes(entry);
  const what = kind === 8 ? "" : `: ${OUTCOMES[outcome]}`;
  return `Entry ${words(index)} of ${words(log.size)}, ${KINDS[kind]}${what}.`;
}

async function checkEvent(event) {
  const note = await (await read(`/events/${event}/log/checkpoint`)).text();
  const signed = await isSigned(note, await (await read(`/events/${event}/log/key`)).text());
  const { size } = readCheckpoint(note);
  const found = (await (await read(`/events/${event}`)).json()).data;
  const [out, all, waiting] = [found.confirmed_count, found.max_capacity, found.waitlisted_count].map(words);
  return [`${out} of ${all} seats are taken, and ${waiting} are waited for. The public log has ${words(size)} entries.`, signatureWords(signed)];
}

function signatureWords(signed) {
  if (signed) return "Its signature is right: your browser has checked it.";
  return "This browser cannot check its signature (Ed25519); the rest is checked.";
}

function say(place, lines, state) {
  place.dataset.state = state;
  place.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
}

async function check({ ticket, event }) {
  if (!globalThis.crypto?.subtle) return [["Browsers check this on secure pages (https) only."], "unable"];
  try {
    return [ticket ? await checkTicket(ticket, event) : await checkEvent(event), "done"];
  } catch (problem) {
    if (problem instanceof Wrong) return [["This is not as it must be.", problem.message], "wrong"];
    if (problem.code === "log_not_found") return [["This event has no public log that is signed."], "none"];
    return [["The log cannot be read right now. Please try again."], "unable"];
  }
}

document.addEventListener("click", async ({ target }) => {
  if (!target.matches("#check-log")) return;
  target.disabled = true;
  const place = document.getElementById("log-found");
  say(place, ["One moment …"], "busy");
  const [lines, state] = await check(target.dataset);
  say(document.getElementById("log-found") ?? place, lines, state);
  target.disabled = false;
});
