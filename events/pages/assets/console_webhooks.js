// Subscriptions, and a new one.

import { api } from "./api.js";
import { byId, chip, el, here, isolated, row } from "./dom.js";
import { eventChoices } from "./event_choices.js";
import { onSubmit, showSecret } from "./forms.js";
import { label, labels } from "./labels.js";
import { say } from "./language.js";
import { List } from "./list.js";

const FIRST = "/webhooks?page_size=50";
const form = byId("webhook-form");

function shown(hook) {
  const link = el("a", { href: here(`/console/webhooks/${hook.id}`) }, hook.url ?? say("default-secret"));
  const types = hook.event_types.map((type) => label("message-types", type) ?? type).join(", ");
  const state = chip(hook.enabled ? (hook.failing_since ? "waitlist" : "open") : "cancelled", stateOf(hook));
  return row(link, types, hook.event_id === null ? say("all") : isolated(names.get(hook.event_id) ?? `#${hook.event_id}`), state);
}

function stateOf({ enabled, failing_since }) {
  if (!enabled) return say("disabled");
  return failing_since ? say("failing") : say("active");
}

const list = new List("rows", shown, say("none"));

function values() {
  const types = [...byId("types").querySelectorAll("input:checked")].map((box) => box.value);
  return { url: byId("url").value.trim(), event_types: types, event_id: Number(byId("event_id").value) || null };
}

onSubmit(form, async () => {
  const made = await api("POST", "/webhooks", values());
  showSecret("made", made.secret);
  form.reset();
  await list.load(FIRST);
  byId("secret").scrollIntoView({ block: "center" });
});

for (const [value, text] of labels("message-types")) {
  byId("types").append(el("label", {}, el("input", { type: "checkbox", name: "event_types", value, checked: "" }), ` ${text}`));
}
const names = await eventChoices(byId("event_id"));
await list.load(FIRST);
