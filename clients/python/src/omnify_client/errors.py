"""Every error of this client. What the service refuses is an `ApiError`, of a class that says what it means.

No message, repr or traceback of these holds a token, a ticket's id, a name or an e-mail address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omnify_client.models import Ticket


class OmnifyError(Exception):
    """Any error of this client.

    `idempotency_key` is that of a call which may have been carried out: with it the same call can be made again, and is
    carried out once. It is a secret like the ticket's id, and in no message.
    """

    idempotency_key: str | None = None


class ApiConnectionError(OmnifyError):
    """There was no readable response within `retry_seconds`. Whether the last request was carried out is unknown."""


class WaitTimeout(OmnifyError):
    """The deadline of a wait came first. `ticket` is as it was last seen; None if it was never read."""

    def __init__(self, ticket: Ticket | None) -> None:
        super().__init__(f"still {ticket.status} at the deadline" if ticket else "never read before the deadline")
        self.ticket = ticket


class WebhookVerificationError(OmnifyError):
    """A message is not from the service, or too old: it must not be used."""


class ApiError(OmnifyError):
    """The service refused. `code` is for programs (docs/errors of the service), `message` for people.

    `errors` has sentences by field, for `invalid`; `retry_after` is in seconds, None without that header.
    """

    def __init__(
        self,
        *,
        code: str,
        message: str,
        errors: Mapping[str, list[str]] | None = None,
        status: int,
        retry_after: float | None = None,
    ) -> None:
        # Sentences about fields may quote what was sent; their names do not.
        fields = f" [{', '.join(map(str, errors))}]" if errors else ""
        super().__init__(f"{message}{fields} ({status} {code})")
        self.code = code
        self.message = message
        self.errors = errors or {}
        self.status = status
        self.retry_after = retry_after

    def __repr__(self) -> str:
        return f"{type(self).__name__}(code={self.code!r}, status={self.status})"


class InvalidRequest(ApiError):
    """What was sent is malformed: `errors` names each field. Sending it again is in vain."""


class AuthenticationError(ApiError):
    """There is no valid token."""


class PermissionDenied(ApiError):
    """The token's scope does not reach this."""


class NotFound(ApiError):
    """There is no such event, ticket, webhook or page."""


class Conflict(ApiError):
    """The service understood, and the state of things does not allow it."""


class DuplicateRegistration(Conflict):
    """This mailbox has a ticket for the event already. No retry of this client's own leads here."""


class SoldOut(Conflict):
    """No seat is left, and no position on the waitlist."""


class RegistrationNotOpen(Conflict):
    """Registration opens in `retry_after` seconds."""


class RegistrationClosed(Conflict):
    """Registration is over, or the event is cancelled."""


class RegistrationPaused(Conflict):
    """The organizer has paused registration; ask again in `retry_after` seconds."""


class CodeRequired(PermissionDenied):
    """The event is for those who have an access code."""


class CodeInvalid(PermissionDenied):
    """The access code is unknown, used up, revoked or not open yet."""


class NotHeld(Conflict):
    """No seat is held for this ticket, or not any more."""


class EventOver(Conflict):
    """After the event's end nothing moves any more."""


class CancellationClosed(Conflict):
    """A confirmed ticket can no longer be given back."""


class AlreadyCheckedIn(Conflict):
    """The ticket's holder has been let in."""


class LogExpired(ApiError):
    """The entry to go on from is no longer kept: begin with a time, and know that something was missed."""


class IdempotencyKeyReused(ApiError):
    """This key was used with another body."""


class RateLimited(ApiError):
    """Too many requests from this address; ask again in `retry_after` seconds."""


class ServerError(ApiError):
    """The service failed. Its promises hold all the same."""


class QueueFull(ServerError):
    """The event's queue is at its limit; ask again in `retry_after` seconds."""


class Unavailable(ServerError):
    """The queue's store is out of reach; ask again in `retry_after` seconds."""


_BY_CODE: dict[str, type[ApiError]] = {
    "invalid": InvalidRequest,
    "payload_too_large": InvalidRequest,
    "unsupported_media_type": InvalidRequest,
    "unauthenticated": AuthenticationError,
    "forbidden": PermissionDenied,
    "code_required": CodeRequired,
    "code_invalid": CodeInvalid,
    "duplicate_registration": DuplicateRegistration,
    "sold_out": SoldOut,
    "registration_not_open": RegistrationNotOpen,
    "registration_closed": RegistrationClosed,
    "registration_paused": RegistrationPaused,
    "not_held": NotHeld,
    "event_over": EventOver,
    "cancellation_closed": CancellationClosed,
    "already_checked_in": AlreadyCheckedIn,
    "log_expired": LogExpired,
    "idempotency_key_reused": IdempotencyKeyReused,
    "rate_limited": RateLimited,
    "queue_full": QueueFull,
    "unavailable": Unavailable,
}
# Codes that a later service may have.
_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def api_error(status: int, body: Any, retry_after: float | None) -> ApiError:
    """Returns the error for a refusal. `body` is its parsed JSON, or anything else that came (from a proxy, say)."""
    said: Mapping[str, Any] = body if isinstance(body, Mapping) and isinstance(body.get("code"), str) else {}
    code = said.get("code", f"http_{status}")
    message, errors = said.get("message"), said.get("errors")
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status) or (ServerError if status >= 500 else ApiError)
    return kind(
        code=code,
        message=message if isinstance(message, str) else "The response is not the service's.",
        errors=errors if isinstance(errors, Mapping) else None,
        status=status,
        retry_after=retry_after,
    )
