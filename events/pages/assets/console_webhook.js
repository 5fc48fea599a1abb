// One subscription: its deliveries, and everything that can be done about them.

import { api } from "./api.js";
import { attempt, byId, chip, el, here, number, problem, refresh, row } from "./dom.js";
import { showSecret } from "./forms.js";
import { say } from "./language.js";
import { List } from "./list.js";
import { LocalTime } from "./local_time.js";
import { Timer } from "./timer.js";
import { shortMoment } from "./times.js";

const path = `/webhooks/${byId("main").dataset.webhook}`;
const LOOK_AGAIN_MS = 5000;
const STATES = { delivered: "confirmed", pending: "waitlisted", dead: "rejected" };
let hook = null;

function paint(found) {
  hook = found;
  byId("title").textContent = found.url ?? say("default-secret");
  byId("about").textContent = found.url ? found.event_types.join(", ") : say("about-default");
  byId("chip").hidden = !found.url;
  byId("chip").dataset.state = found.enabled ? "open" : "cancelled";
  byId("chip").textContent = say(found.enabled ? "active" : `disabled-${found.disabled_reason}`);
  byId("toggle").textContent = say(found.enabled ? "disable" : "enable");
  // The default secret has no address of its own to try or to switch off.
  for (const id of ["test", "toggle", "delete"]) byId(id).hidden = !found.url;
}

function shown(one) {
  const again = el("button", { onclick: () => retry(one.id) }, say("retry"));
  const answer = one.last_status_code ?? one.last_error ?? "–";
  return row(one.type, chip(STATES[one.state] ?? "", say(`state-${one.state}`)), number(one.attempts), String(answer), shortMoment(one.next_attempt_at) || "–", one.state === "delivered" ? "" : again);
}

const deliveries = new List("rows", shown, say("none"));

// Does something, says so, and shows what it led to.
async function act(work, said) {
  byId("said").textContent = "";
  const done = await attempt(work);
  if (done === undefined) return;
  byId("said").textContent = said;
  await deliveries.again();
  return done;
}

const retry = (id) => act(() => api("POST", `${path}/deliveries/${id}/retry`), say("retried"));

byId("test").addEventListener("click", () => act(() => api("POST", `${path}/test`), say("tested")));
byId("toggle").addEventListener("click", async () => {
  const changed = await act(() => api("PATCH", path, { enabled: !hook.enabled }), say("changed"));
  if (changed) paint(changed);
});
byId("rotate").addEventListener("click", async () => {
  const made = await act(() => api("POST", `${path}/rotate-secret`), say("rotated"));
  if (!made) return;
  showSecret("new-secret", made.secret);
});
byId("delete").addEventListener("click", async (event) => {
  // A second press is the confirmation.
  const button = event.currentTarget;
  if (button.dataset.sure === undefined) {
    button.dataset.sure = "";
    button.textContent = say("delete-sure");
    return;
  }
  looking.stop();
  if ((await attempt(() => api("DELETE", path))) !== undefined) return location.assign(here("/console/webhooks"));
  looking.set(LOOK_AGAIN_MS);
});
const since = new LocalTime(byId("since"));
byId("replay-form").addEventListener("submit", (sent) => {
  sent.preventDefault();
  try {
    const from = since.read();
    if (from) act(() => api("POST", `${path}/replay`, { since: from }), say("replayed"));
  } catch (unclear) {
    problem(unclear.errors.since[0]);
  }
});

const looking = new Timer(async () => {
  await deliveries.again();
  looking.set(LOOK_AGAIN_MS);
});
const found = await refresh(() => api("GET", path));
if (found) {
  paint(found);
  await deliveries.load(`${path}/deliveries?page_size=25`);
  looking.set(LOOK_AGAIN_MS);
}
