// Subscriptions, and a new one.

import { api } from "./api.js";
import { byId, chip, el, isolated, row } from "./dom.js";
import { eventChoices } from "./event_choices.js";
import { onSubmit, showSecret } from "./forms.js";
import { label, labels } from "./labels.js";
import { List } from "./list.js";

const FIRST = "/webhooks?page_size=50";
const form = byId("webhook-form");

function shown(hook) {
  const link = el("a", { href: `/console/webhooks/${hook.id}` }, hook.url ?? "Default secret, for callback addresses");
  const types = hook.event_types.map((type) => label("message-types", type) ?? type).join(", ");
  const state = chip(hook.enabled ? (hook.failing_since ? "waitlist" : "open") : "cancelled", stateOf(hook));
  return row(link, types, hook.event_id === null ? "All" : isolated(names.get(hook.event_id) ?? `#${hook.event_id}`), state);
}

function stateOf({ enabled, failing_since }) {
  if (!enabled) return "Disabled";
  return failing_since ? "Failing" : "Active";
}

const list = new List("rows", shown, "No subscriptions yet.");

function values() {
  const types = [...byId("types").querySelectorAll("input:checked")].map((box) => box.value);
  return { url: byId("url").value.trim(), event_types: types, event_id: Number(byId("event_id").value) || null };
}

onSubmit(form, async () => {
  const made = await api("POST", "/webhooks", values());
  showSecret("The secret, shown only once: ", made.secret);
  form.reset();
  await list.load(FIRST);
  byId("secret").scrollIntoView({ block: "center" });
});

for (const [value, text] of labels("message-types")) {
  byId("types").append(el("label", {}, el("input", { type: "checkbox", name: "event_types", value, checked: "" }), ` ${text}`));
}
const names = await eventChoices(byId("event_id"));
await list.load(FIRST);
