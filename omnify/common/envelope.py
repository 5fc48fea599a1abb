"""The two shapes of every JSON response, and the error codes. Used by the door and by the API."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Error codes. They are part of the public contract."""

    INVALID = "invalid"
    INVALID_PAGE = "invalid_page"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    EVENT_NOT_FOUND = "event_not_found"
    LOG_NOT_FOUND = "log_not_found"
    TICKET_NOT_FOUND = "ticket_not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    DUPLICATE_REGISTRATION = "duplicate_registration"
    REGISTRATION_NOT_OPEN = "registration_not_open"
    REGISTRATION_CLOSED = "registration_closed"
    REGISTRATION_PAUSED = "registration_paused"
    SOLD_OUT = "sold_out"
    CODE_REQUIRED = "code_required"
    CODE_INVALID = "code_invalid"
    CODE_NOT_FOUND = "code_not_found"
    ALREADY_CHECKED_IN = "already_checked_in"
    NOT_CONFIRMED = "not_confirmed"
    NOT_HELD = "not_held"
    EVENT_OVER = "event_over"
    CANCELLATION_CLOSED = "cancellation_closed"
    EVENT_IN_USE = "event_in_use"
    CAPACITY_BELOW_CONFIRMED = "capacity_below_confirmed"
    CAPACITY_BELOW_WAITLISTED = "capacity_below_waitlisted"
    TYPE_IN_USE = "type_in_use"
    REQUEST_TIMEOUT = "request_timeout"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    WEBHOOK_NOT_FOUND = "webhook_not_found"
    WEBHOOK_DISABLED = "webhook_disabled"
    TOKEN_NOT_FOUND = "token_not_found"  # noqa: S105 - a code
    LOG_EXPIRED = "log_expired"
    DELIVERY_NOT_FOUND = "delivery_not_found"
    DEFAULT_SECRET = "default_secret"  # noqa: S105 - a code
    RATE_LIMITED = "rate_limited"
    INTERNAL_ERROR = "internal_error"
    QUEUE_FULL = "queue_full"
    UNAVAILABLE = "unavailable"


# What the `Link` header of an error response says: where the code is explained (`events.pages.guides`).
HELP_LINKS: dict[Code, str] = {code: f'</docs/errors/{code.value}>; rel="help"' for code in Code}


def success(data: Any, message: str = "OK") -> dict[str, Any]:
    """Builds the body of a successful response."""
    return {"success": True, "message": message, "data": data}


def failure(code: Code, message: str, errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """Builds the body of an error response. `errors` has a list of sentences for each invalid field."""
    return {"success": False, "code": code.value, "message": message, "errors": errors}
