// The organizer's tokens: made, shown once, revoked.

import { api } from "./api.js";
import { attempt, byId, el, row, person } from "./dom.js";
import { eventChoices } from "./event_choices.js";
import { onSubmit, showSecret } from "./forms.js";
import { say } from "./language.js";
import { List } from "./list.js";
import { LocalTime, readTimes } from "./local_time.js";
import { shortMoment } from "./times.js";

const FIRST = "/tokens?page_size=50";
const form = byId("token-form");

function shown(token) {
  const event = token.event_id === null ? say("all") : (names.get(token.event_id) ?? `#${token.event_id}`);
  const times = [token.created_at, token.last_used_at, token.expires_at].map((time) => (time ? shortMoment(time) : "–"));
  return row(person(token.label ?? say("token", { id: token.id })), token.scope, event, ...times, state(token));
}

function state(token) {
  if (token.revoked_at) return say("revoked");
  if (token.expires_at && new Date(token.expires_at) <= new Date()) return say("expired");
  const button = el("button", { class: "bad", onclick: (press) => revoke(token, press.currentTarget) }, say("revoke"));
  return token.current ? el("span", {}, button, ` ${say("this-session")}`) : button;
}

async function revoke(token, button) {
  // A second press is the confirmation.
  if (button.dataset.sure === undefined) {
    button.dataset.sure = "";
    button.textContent = say(token.current ? "revoke-own-sure" : "revoke-sure");
    return;
  }
  if (await attempt(() => api("DELETE", `/tokens/${token.id}`))) await list.load(FIRST);
}

const list = new List("rows", shown, say("none"));
const expires = new LocalTime(byId("expires_at"));

function values() {
  return {
    label: byId("label").value,
    scope: byId("scope").value,
    event_id: Number(byId("event_id").value) || null,
    expires_at: readTimes([expires]).expires_at || null,
  };
}

onSubmit(form, async () => {
  const made = await api("POST", "/tokens", values());
  showSecret("made", made.token);
  form.reset();
  await list.load(FIRST);
  byId("secret").scrollIntoView({ block: "center" });
});

const names = await eventChoices(byId("event_id"));
await list.load(FIRST);
