// What an organizer does about one guest in a list: correct the name or the e-mail, mail the ticket again, and take it
// back. The first and the last take their turn in the event's queue.

import { api } from "./api.js";
import { attempt, el, here, isolated } from "./dom.js";
import { eventId } from "./head.js";
import { say } from "./language.js";

// The buttons of a row; `again` loads the list as it is now.
export function guestActions(one, again) {
  return el("span", { class: "row" }, correct(one, again), mails(one), mailAgain(one), takeBack(one));
}

const pathOf = (one) => `/events/${eventId}/attendees/${one.ticket_id}`;

// The row becomes a form, and a row again.
function correct(one, again) {
  const button = el("button", {}, say("edit"));
  button.setAttribute("aria-label", say("edit-of", { name: isolated(one.name) }));
  button.addEventListener("click", () => {
    const shown = button.closest("tr");
    const columns = shown.children.length;
    const form = correction(one, again, () => edited.replaceWith(shown));
    const edited = el("tr", {}, el("td", { colspan: columns }, form));
    shown.replaceWith(edited);
    form.elements.name.focus();
  });
  return button;
}

function correction(one, again, leave) {
  const name = el("input", { name: "name", value: one.name, required: "", maxlength: 255, "aria-label": say("name") });
  const email = el("input", { name: "email", type: "email", value: one.email, required: "", maxlength: 254, "aria-label": say("email") });
  const save = el("button", { class: "primary" }, say("save"));
  const form = el("form", { class: "split" }, name, email, save, el("button", { type: "button", onclick: leave }, say("leave")));
  form.addEventListener("submit", async (sent) => {
    sent.preventDefault();
    const changed = Object.fromEntries([name, email].filter((input) => input.value !== one[input.name]).map((input) => [input.name, input.value]));
    if (Object.keys(changed).length === 0) return leave();
    save.disabled = true;
    if (await attempt(() => api("PATCH", pathOf(one), changed))) await again();
    save.disabled = false;
  });
  return form;
}

// What was sent, and when.
function mails(one) {
  const link = el("a", { href: here(`/console/events/${eventId}/mails?reference=${encodeURIComponent(one.reference)}`) }, say("mails"));
  link.setAttribute("aria-label", say("mails-of", { name: isolated(one.name) }));
  return link;
}

function mailAgain(one) {
  const button = el("button", {}, say("mail"));
  button.setAttribute("aria-label", say("mail-of", { name: isolated(one.name) }));
  button.addEventListener("click", async () => {
    button.disabled = true;
    const done = await attempt(() => api("POST", `${pathOf(one)}/resend`));
    if (done) button.textContent = say("mailed");
    button.disabled = Boolean(done);
  });
  return button;
}

// Asks a second time on the button itself.
function takeBack(one) {
  if (one.checked_in_at) return "";
  const button = el("button", { class: "bad" }, say("cancel"));
  button.setAttribute("aria-label", say("cancel-of", { name: isolated(one.name) }));
  button.addEventListener("click", async () => {
    if (button.dataset.sure === undefined) {
      button.dataset.sure = "";
      button.textContent = say("cancel-sure");
      return;
    }
    button.disabled = true;
    const done = await attempt(() => api("DELETE", pathOf(one)));
    button.textContent = done ? say("cancelling") : say("cancel");
    button.disabled = Boolean(done);
    delete button.dataset.sure;
  });
  return button;
}
