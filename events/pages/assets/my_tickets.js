// The event's page: the tickets for it that this browser got, each to open or to forget.

import { carried, say } from "./language.js";
import { forget, ticketsGot } from "./remembered.js";
import { shortMoment } from "./times.js";

const REST = 20; // What a ticket's id has behind its reference, which names the ticket and opens nothing.
const byId = (id) => document.getElementById(id);

export function showMyTickets(event, ends, now) {
  const found = ticketsGot(event, ends, now);
  byId("mine-list").replaceChildren(...found.map((item) => entry(item, () => showMyTickets(event, ends, now))));
  byId("mine").hidden = found.length === 0;
}

function entry({ ticket, at }, again) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const name = ticket.slice(0, -REST);
  [link.href, link.textContent, link.className] = [`/t/${ticket}${carried}`, name, "code"];
  const when = document.createElement("span");
  when.className = "quiet small";
  when.textContent = shortMoment(at);
  const remove = document.createElement("button");
  [remove.type, remove.textContent] = ["button", say("forget-ticket")];
  remove.setAttribute("aria-label", `${say("forget-ticket")}: ${name}`);
  remove.addEventListener("click", () => {
    forget(ticket);
    again();
  });
  item.className = "row";
  item.append(link, when, remove);
  return item;
}
