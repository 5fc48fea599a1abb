// Registers one guest and reads the ticket, with the types that openapi-typescript has made of /schema.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const [baseUrl = "", event = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });

const made = await client.POST("/events/{event_id}/register", {
  params: { path: { event_id: Number(event) }, header: { "Idempotency-Key": "generated-typescript" } },
  body: { name: "Guest", email: "typescript@example.com" },
});
if (made.data === undefined) throw new Error(made.error.message);
const accepted: components["schemas"]["AcceptedTicket"] = made.data.data;

const read = await client.GET("/registrations/{ticket_id}", { params: { path: { ticket_id: accepted.ticket_id } } });
if (read.data === undefined) throw new Error("there is no such ticket");
const ticket: components["schemas"]["Ticket"] = read.data.data;

const refused = await client.POST("/events/{event_id}/register", {
  params: { path: { event_id: Number(event) } },
  body: { name: "Guest", email: "no address" },
});
const code: components["schemas"]["Failure"]["code"] | undefined = refused.error?.code;
console.log(JSON.stringify({ ticket_id: accepted.ticket_id, read: ticket.ticket_id, code }));
