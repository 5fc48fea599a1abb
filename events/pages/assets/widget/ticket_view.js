// What the widget says of a ticket, by its status. Everything more is on the ticket's own page: the code for the
// entrance, giving a seat back.

import { button, el } from "./dom.js";

// By who may confirm it.
const HELD = { holder: "yours-to-take", organizer: "waiting-for-payment", address: "confirm-address" };

export function headline(words, { status, reason, quantity, confirmed_by: by }) {
  if (status === "confirmed") return words.sayCount("have-seats", quantity);
  if (status === "held" && by === "holder") return words.sayCount(HELD.holder, quantity);
  if (status === "held") return words.say(HELD[by] ?? "set-aside");
  return words.say(status === "cancelled" && reason === "event_cancelled" ? "called-off" : `is-${status}`);
}

// Parts that change while the status does not have a `data-is`. `act` has `take`, `again` and `another`, which are what
// its buttons do; `page` is a link to the ticket's page.
export function ticketParts(words, event, ticket, { act, page }) {
  const { status, reason, quantity, expires_at: expires, confirmed_by: by } = ticket;
  const say = (code, values) => el("p", {}, words.say(code, values));
  const note = (code) => el("p", { class: "quiet" }, words.say(code));
  const again = () => button(words.say("register-again"), act.again, { class: "primary" });
  const another = () => button(words.say("another-person"), act.another, { class: "plain" });
  const left = (text, end) => [note(text), count(end), el("p", { class: "quiet" }, words.moment(end))];
  switch (status) {
    case "queued":
      return [note("position-in-line"), ...line(words, ticket), note("kept-here"), page];
    case "entered":
      return [...left("draw-is-in", event.draw_at), note("same-chance"), page];
    case "held":
      return [...(expires ? left("set-aside-for", expires) : []), ...heldParts(words, ticket, act), page];
    case "confirmed":
      return [page, another()];
    case "waitlisted":
      return [note("position-on-waitlist"), position(), note("waitlist-goes"), by === "address" && say("mail-sent"), page];
    case "rejected":
      return [el("p", {}, words.label("reasons", reason) ?? ""), again()];
    case "expired":
      return [el("p", {}, words.sayCount("not-in-time", quantity)), again()];
    case "cancelled":
      return [el("p", {}, words.label("cancellations", reason) ?? words.say("is-cancelled")), again()];
    default:
      return [say("lost-by-us"), again()];
  }
}

function heldParts(words, { quantity, confirmed_by: by }, act) {
  if (by === "holder") return [button(words.sayCount("take", quantity), act.take, { class: "primary" })];
  if (by === "organizer") return [el("p", { class: "quiet" }, words.sayCount("pay-first", quantity))];
  return by === "address" ? [el("p", {}, words.say("mail-sent"))] : [];
}

const position = () => el("p", { class: "big", "data-is": "position" });
const count = (end) => el("p", { class: "big", role: "timer", "aria-live": "off", "data-is": "left", "data-end": end });

function line(words, { unlikely }) {
  return [
    position(),
    el("progress", { max: 1, value: 0, "aria-label": words.say("progress"), "data-is": "line" }),
    el("p", { class: "quiet", "data-is": "wait" }),
    el("p", { class: "note", "data-is": "unlikely", hidden: !unlikely }, words.say("unlikely")),
  ];
}
