// What the types of the client for JavaScript allow and refuse, for tsc: each `@ts-expect-error` must be one.

import { ApiError, Event, Omnify, SoldOut, Subscription, Ticket, Webhook } from "omnify-client";

const client = new Omnify("https://tickets.example.org", { token: null, retrySeconds: 5 });

export async function guest(): Promise<string | null> {
  for await (const event of client.events({ state: "open", past: false })) {
    const one: Event = event;
    const ticket: Ticket = await client.register(one.id, { name: "Ada", email: "ada@example.org", quantity: 2 });
    for await (const now of client.follow(ticket, { timeout: 60, signal: new AbortController().signal })) {
      if (now.final && now.status === "confirmed") return now.reference ?? null;
    }
  }
  return null;
}

export async function organizer(): Promise<Subscription> {
  for await (const guest of client.attendees(7, { checkedIn: true })) console.log(guest.reference);
  for await (const entry of client.log({ since: new Date() })) console.log(entry.id, entry.data["status"]);
  return client.createWebhook({ url: "https://a.example", eventTypes: ["registration.confirmed"] });
}

export async function subscribe(): Promise<Webhook> {
  const made = await client.createWebhook({ url: "https://a.example", eventTypes: ["event.changed"] });
  return new Webhook(made.secret);
}

// As `IncomingHttpHeaders` of Node.
export async function inNode(body: Uint8Array, headers: { [name: string]: string | string[] | undefined }): Promise<string> {
  return (await new Webhook("whsec_new").verify(body, headers)).type;
}

export async function receive(request: { body: Uint8Array; headers: Headers }): Promise<string> {
  return (await new Webhook("whsec_new", "whsec_old").verify(request.body, request.headers)).type;
}

export function explain(problem: unknown): string {
  if (problem instanceof SoldOut) return `sold out (${problem.status})`;
  return problem instanceof ApiError ? `${problem.code}, again in ${problem.retryAfter ?? 0} s` : "unknown";
}

export async function wrong(): Promise<void> {
  // @ts-expect-error: an e-mail is needed
  await client.register(7, { name: "Ada" });
  // @ts-expect-error: names of options are in camel case
  await client.register(7, { name: "Ada", email: "ada@example.org", idempotency_key: "x" });
  // @ts-expect-error: it is a promise, and nothing is verified yet
  console.log(new Webhook("whsec_x").verify("", {}).type);
  // @ts-expect-error: a ticket is what the service gave
  await client.wait(7);
}
