// Every error of this client. What the service refuses is an `ApiError`, of a class that says what it means.
//
// No message holds a token, a ticket's id, a name or an e-mail address.

const hidden = (object, name, value) => Object.defineProperty(object, name, { value, enumerable: false, writable: true });

/** Any error of this client. */
export class OmnifyError extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
    // Of a call that may have been carried out: with it the same call can be made again, and is carried out once.
    hidden(this, "idempotencyKey", undefined);
  }
}

/** There was no readable response in time. Whether the last request was carried out is unknown. */
export class ApiConnectionError extends OmnifyError {}

/** The deadline of a wait came first. `ticket` is as last seen; null if it was never read. */
export class WaitTimeout extends OmnifyError {
  constructor(ticket) {
    super(ticket ? `still ${ticket.status} at the deadline` : "never read before the deadline");
    hidden(this, "ticket", ticket);
  }
}

/** A message is not from the service, or too old: it must not be used. */
export class WebhookVerificationError extends OmnifyError {}

/** The service refused. `retryAfter` is in seconds, null without that header. */
export class ApiError extends OmnifyError {
  constructor({ code, message, errors, status, retryAfter }) {
    // Sentences about fields may quote what was sent; their names do not.
    const fields = errors && Object.keys(errors).length ? ` [${Object.keys(errors).join(", ")}]` : "";
    super(`${message}${fields} (${status} ${code})`);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter ?? null;
    hidden(this, "errors", errors ?? {});
  }
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
export class LogExpired extends ApiError {}
export class IdempotencyKeyReused extends ApiError {}
export class RateLimited extends ApiError {}
export class ServerError extends ApiError {}
export class QueueFull extends ServerError {}
export class Unavailable extends ServerError {}

const BY_CODE = new Map(
  Object.entries({
    invalid: InvalidRequest,
    payload_too_large: InvalidRequest,
    unsupported_media_type: InvalidRequest,
    unauthenticated: AuthenticationError,
    forbidden: PermissionDenied,
    code_required: CodeRequired,
    code_invalid: CodeInvalid,
    duplicate_registration: DuplicateRegistration,
    sold_out: SoldOut,
    registration_not_open: RegistrationNotOpen,
    registration_closed: RegistrationClosed,
    registration_paused: RegistrationPaused,
    not_held: NotHeld,
    event_over: EventOver,
    cancellation_closed: CancellationClosed,
    already_checked_in: AlreadyCheckedIn,
    log_expired: LogExpired,
    idempotency_key_reused: IdempotencyKeyReused,
    rate_limited: RateLimited,
    queue_full: QueueFull,
    unavailable: Unavailable,
  }),
);
// Codes that a later service may have.
const BY_STATUS = new Map([
  [400, InvalidRequest],
  [401, AuthenticationError],
  [403, PermissionDenied],
  [404, NotFound],
  [409, Conflict],
  [429, RateLimited],
]);

/** Returns the error for a refusal. `body` is its parsed JSON, or anything else that came (from a proxy, say). */
export function apiError(status, body, retryAfter) {
  const said = typeof body?.code === "string" ? body : {};
  const code = said.code ?? `http_${status}`;
  const Kind = BY_CODE.get(code) ?? BY_STATUS.get(status) ?? (status >= 500 ? ServerError : ApiError);
  const message = typeof said.message === "string" ? said.message : "The response is not the service's.";
  const errors = said.errors && typeof said.errors === "object" ? said.errors : undefined;
  return new Kind({ code, message, errors, status, retryAfter });
}
