// Types of omnify-client. Fields are named as in the API; one that this release does not know is `unknown`.

/** Known statuses; a later service may have others. */
export type Status =
  | "queued"
  | "entered"
  | "held"
  | "confirmed"
  | "waitlisted"
  | "rejected"
  | "expired"
  | "cancelled"
  | "lost"
  | (string & {});

/** A registration. `ticket_id` is the key to it: who has it can read and cancel it. `reference` opens nothing. */
export class Ticket {
  readonly ticket_id: string;
  readonly event_id: number;
  readonly status: Status;
  readonly reference?: string;
  readonly ticket_type?: number | null;
  readonly quantity?: number;
  readonly reason?: string | null;
  readonly position?: number | null;
  readonly sequence?: number | null;
  readonly requested_at?: string | null;
  readonly decided_at?: string | null;
  readonly expires_at?: string | null;
  readonly check_in_code?: string | null;
  readonly checked_in_at?: string | null;
  readonly checked_in_quantity?: number;
  readonly estimated_seconds?: number;
  readonly unlikely?: boolean;
  /** Who may confirm a held ticket. Left out where there is nothing to confirm. */
  readonly confirmed_by?: "holder" | "organizer" | "address" | (string & {});
  readonly receipt?: string;
  /** Whether it has reached a status that does not change by itself. */
  get final(): boolean;
  /** Whether the service has decided it: confirmed, held, waitlisted, entered in a draw, or refused. */
  get decided(): boolean;
}

export interface Event {
  id: number;
  name: string;
  location: string;
  max_capacity: number;
  waitlist_capacity: number;
  start_time: string;
  end_time: string;
  registration_opens_at: string;
  registration_closes_at: string;
  registration_state: "upcoming" | "open" | "waitlist" | "sold_out" | "closed" | "cancelled" | (string & {});
  confirmed_count: number;
  waitlisted_count: number;
  seats_left: number;
  [field: string]: unknown;
}

/** A guest on an organizer's list. `ticket_id` is for tokens of the scope `full`. */
export class Attendee {
  readonly ticket_id?: string;
  readonly reference: string;
  readonly name: string;
  readonly email?: string;
  readonly quantity: number;
  readonly ticket_type: number | null;
  readonly confirmed_at: string | null;
  readonly sequence: number;
  readonly checked_in_at: string | null;
}

/** A webhook's subscription. `secret` is there once: when it is made, or rotated. */
export class Subscription {
  readonly id: number;
  readonly url: string | null;
  readonly event_types: string[];
  readonly event_id: number | null;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly previous_secret_until: string | null;
  readonly secret?: string;
}

/** A subscription whose secret has just been made: this is the only time that it is there. */
export type NewSubscription = Subscription & { readonly secret: string };

/** What a subscription to everything would have got: `data` is a ticket or an event. `id` is where to go on. */
export class LogEntry {
  readonly id: string | number;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Record<string, unknown>;
}

export interface Message {
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

export interface Options {
  /** An organizer's; guests need none. Never in a page. */
  token?: string | null;
  /** Seconds until each response (30). */
  timeout?: number;
  /** Seconds for which a call is tried again (60); 0: not at all. */
  retrySeconds?: number;
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch;
}

export interface Cancellable {
  signal?: AbortSignal;
}

export interface Once extends Cancellable {
  /** 1 to 255 printable ASCII characters, hard to guess; made anew unless given. */
  idempotencyKey?: string;
}

export interface Registration extends Once {
  name: string;
  email: string;
  /** The ticket type's id; needed where the event has several. */
  ticketType?: number;
  /** Seats, all or none. */
  quantity?: number;
  /** The access code, where the event asks for one. */
  code?: string;
  /** Of the mails: `de`, say. */
  language?: string;
  /** Gets this ticket's webhooks; for organizers. */
  callbackUrl?: string;
  /** Asks for the operator's signed statement, `ticket.receipt`. */
  receipt?: boolean;
}

export interface Waiting extends Cancellable {
  /** Seconds; none: as long as it takes. */
  timeout?: number | null;
}

type AnyTicket = Ticket | string;

/** A client of the service at `url`. */
export class Omnify {
  constructor(url: string, options?: Options);

  /**
   * Registers a person, and resolves to the queued ticket; what is decided, `wait` and `follow` say. It is tried again
   * for `retrySeconds` under one Idempotency-Key, so that there is one ticket at most. To go on after that, or after a
   * crash, call it with the same key: one of your own, or `idempotencyKey` of the error.
   */
  register(eventId: number, registration: Registration): Promise<Ticket>;
  /** Resolves to a ticket as it is now. */
  ticket(ticket: AnyTicket, options?: Cancellable): Promise<Ticket>;
  /** Yields a ticket as it is now, then each change of it, until its status is final. Rejects with WaitTimeout. */
  follow(ticket: AnyTicket, options?: Waiting): AsyncGenerator<Ticket, void, void>;
  /** Resolves once the ticket is decided; with `final`, once its status changes no more by itself. */
  wait(ticket: AnyTicket, options?: Waiting & { final?: boolean }): Promise<Ticket>;
  /** Gives a ticket back. Once this resolves, it is certain; its turn in the event's queue comes a moment later. */
  cancel(ticket: AnyTicket, options?: Cancellable): Promise<Ticket>;
  /** Confirms a held ticket: by a payment, with the `token` that was mailed to the address, or as its holder. */
  confirm(ticket: AnyTicket, options?: Cancellable & { paymentReference?: string; token?: string }): Promise<Ticket>;
  /** Has the ticket's link mailed to this address, if it has one. */
  resend(eventId: number, options: Cancellable & { email: string }): Promise<void>;
  /** Resolves to where a ticket's entries stand in the event's decision log, with inclusion proofs. */
  proof(ticket: AnyTicket, options?: Cancellable): Promise<Record<string, unknown>>;
  /** Yields public events, soonest start first; with a token and `mine` the organizer's own. */
  events(options?: Cancellable & { state?: string; search?: string; past?: boolean; mine?: boolean }): AsyncGenerator<Event, void, void>;
  event(eventId: number, options?: Cancellable): Promise<Event>;

  /** Makes an event. `fields` are those of `POST /events`. */
  createEvent(fields: Record<string, unknown>, options?: Once): Promise<Event>;
  updateEvent(eventId: number, fields: Record<string, unknown>, options?: Cancellable): Promise<Event>;
  /** Cancels an event, and with it every ticket in line or with a seat. */
  cancelEvent(eventId: number, options?: Once): Promise<Event>;
  /** Yields an event's guests in the order of admission, page by page. */
  attendees(eventId: number, options?: Cancellable & { search?: string; status?: string; checkedIn?: boolean }): AsyncGenerator<Attendee, void, void>;
  stats(eventId: number, options?: Cancellable): Promise<Record<string, unknown>>;
  /** Subscribes a URL to messages. `secret` of the result is shown this once. */
  createWebhook(options: Once & { url: string; eventTypes: string[]; eventId?: number | null }): Promise<NewSubscription>;
  webhooks(options?: Cancellable): AsyncGenerator<Subscription, void, void>;
  /** Makes a new secret, shown this once. The old one goes on signing for a day: verify with both until then. */
  rotateWebhookSecret(webhookId: number, options?: Once): Promise<NewSubscription>;
  deleteWebhook(webhookId: number, options?: Cancellable): Promise<void>;
  /** Yields what subscriptions would have got, oldest first, up to now: for a consumer that was down. */
  log(options?: Cancellable & { since?: Date | string; after?: string | number }): AsyncGenerator<LogEntry, void, void>;
}

type Headers_ = { get(name: string): string | null } | Record<string, string | string[] | undefined>;

/** Verifies with one secret, or with any of several. */
export class Webhook {
  constructor(...secrets: string[]);
  /**
   * Resolves to the parsed message, or rejects with WebhookVerificationError. `payload` is the body exactly as it was
   * received. Await it: until it resolves, nothing is verified.
   */
  verify(payload: string | Uint8Array, headers: Headers_, options?: { now?: number }): Promise<Message>;
}

/** Any error of this client. */
export class OmnifyError extends Error {
  /** Of a call that may have been carried out: the same call with this key is carried out once. A secret. */
  idempotencyKey?: string;
}
export class ApiConnectionError extends OmnifyError {}
export class WaitTimeout extends OmnifyError {
  readonly ticket: Ticket | null;
}
export class WebhookVerificationError extends OmnifyError {}
/** The service refused. `errors` has sentences by field; `retryAfter` is in seconds. */
export class ApiError extends OmnifyError {
  readonly code: string;
  readonly status: number;
  readonly errors: Record<string, string[]>;
  readonly retryAfter: number | null;
}
export class InvalidRequest extends ApiError {}
export class AuthenticationError extends ApiError {}
export class PermissionDenied extends ApiError {}
export class CodeRequired extends PermissionDenied {}
export class CodeInvalid extends PermissionDenied {}
export class NotFound extends ApiError {}
export class Conflict extends ApiError {}
export class DuplicateRegistration extends Conflict {}
export class SoldOut extends Conflict {}
export class RegistrationNotOpen extends Conflict {}
export class RegistrationClosed extends Conflict {}
export class RegistrationPaused extends Conflict {}
export class NotHeld extends Conflict {}
export class EventOver extends Conflict {}
export class CancellationClosed extends Conflict {}
export class AlreadyCheckedIn extends Conflict {}
/** The entry to go on from is no longer kept: something was missed. */
export class LogExpired extends ApiError {}
export class IdempotencyKeyReused extends ApiError {}
export class RateLimited extends ApiError {}
export class ServerError extends ApiError {}
export class QueueFull extends ServerError {}
export class Unavailable extends ServerError {}
