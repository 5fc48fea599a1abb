// What an organizer does about one guest in a list: correct the name or the e-mail, mail the ticket again, and take it
// back. The first and the last take their turn in the event's queue.

import { api } from "./api.js";
import { attempt, el, isolated } from "./dom.js";
import { eventId } from "./head.js";

// The buttons of a row; `again` loads the list as it is now.
export function guestActions(one, again) {
  return el("span", { class: "row" }, correct(one, again), mailAgain(one), takeBack(one));
}

const pathOf = (one) => `/events/${eventId}/attendees/${one.ticket_id}`;

// The row becomes a form, and a row again.
function correct(one, again) {
  const button = el("button", {}, "Edit");
  button.setAttribute("aria-label", `Correct the name or e-mail of ${isolated(one.name)}`);
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
  const name = el("input", { name: "name", value: one.name, required: "", maxlength: 255, "aria-label": "Name" });
  const email = el("input", { name: "email", type: "email", value: one.email, required: "", maxlength: 254, "aria-label": "E-mail" });
  const save = el("button", { class: "primary" }, "Save");
  const form = el("form", { class: "split" }, name, email, save, el("button", { type: "button", onclick: leave }, "Leave as it is"));
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

function mailAgain(one) {
  const button = el("button", {}, "Mail again");
  button.setAttribute("aria-label", `Mail the ticket of ${isolated(one.name)} again`);
  button.addEventListener("click", async () => {
    button.disabled = true;
    const done = await attempt(() => api("POST", `${pathOf(one)}/resend`));
    if (done) button.textContent = "On its way";
    button.disabled = Boolean(done);
  });
  return button;
}

// Asks a second time on the button itself.
function takeBack(one) {
  if (one.checked_in_at) return "";
  const button = el("button", { class: "bad" }, "Cancel");
  button.setAttribute("aria-label", `Cancel the ticket of ${isolated(one.name)}`);
  button.addEventListener("click", async () => {
    if (button.dataset.sure === undefined) {
      button.dataset.sure = "";
      button.textContent = "Really cancel?";
      return;
    }
    button.disabled = true;
    const done = await attempt(() => api("DELETE", pathOf(one)));
    button.textContent = done ? "Cancelling …" : "Cancel";
    button.disabled = Boolean(done);
    delete button.dataset.sure;
  });
  return button;
}
