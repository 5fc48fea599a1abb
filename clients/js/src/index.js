// Registers people with an Omnify service, follows their tickets and verifies its webhooks.

export { Omnify } from "./client.js";
export {
  AlreadyCheckedIn,
  ApiConnectionError,
  ApiError,
  AuthenticationError,
  CancellationClosed,
  CodeInvalid,
  CodeRequired,
  Conflict,
  DuplicateRegistration,
  EventOver,
  IdempotencyKeyReused,
  InvalidRequest,
  LogExpired,
  NotFound,
  NotHeld,
  OmnifyError,
  PermissionDenied,
  QueueFull,
  RateLimited,
  RegistrationClosed,
  RegistrationNotOpen,
  RegistrationPaused,
  ServerError,
  SoldOut,
  Unavailable,
  WaitTimeout,
  WebhookVerificationError,
} from "./errors.js";
export { Attendee, LogEntry, Subscription, Ticket } from "./resources.js";
export { Webhook } from "./webhook.js";
