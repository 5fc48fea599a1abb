"""The response to each refusal of admission."""

from __future__ import annotations

from collections.abc import Callable

from events.admission.replies import (
    NotFound,
    NotOpen,
    OrganizerUnknown,
    RateLimited,
    Refusal,
    RefusalReason,
    RefusalsLimited,
    Refused,
    TooMany,
)
from events.domain.rate_limit import Quota, RateLimit
from events.domain.waiting import opening_retry, outage_retry
from events.door import responses
from events.door.responses import Response
from omnify.common.envelope import Code

Jitter = Callable[[], float]

# Refusals that blame a field of the body.
_BLAMED: dict[RefusalReason, tuple[str, str]] = {
    RefusalReason.FOREIGN_CALLBACK: ("callback_url", "Only the organizer of this event can have one."),
    RefusalReason.UNKNOWN_TYPE: ("ticket_type", "This event has no such ticket type."),
    RefusalReason.TYPE_NEEDED: ("ticket_type", "This event has several ticket types: say which."),
}
_REFUSALS: dict[RefusalReason, tuple[int, Code, str]] = {
    RefusalReason.KEY_REUSED: (
        *(422, Code.IDEMPOTENCY_KEY_REUSED),
        "This Idempotency-Key came with another body before.",
    ),
    RefusalReason.DUPLICATE: (
        *(409, Code.DUPLICATE_REGISTRATION),
        "This e-mail address is registered for the event already.",
    ),
    RefusalReason.SOLD_OUT: (409, Code.SOLD_OUT, "No seat is left."),
    RefusalReason.CODE_REQUIRED: (403, Code.CODE_REQUIRED, "This event needs an access code."),
    # One sentence for all reasons: none is to be found out by trying.
    RefusalReason.CODE_INVALID: (403, Code.CODE_INVALID, "This code does not let you in, or not now."),
    RefusalReason.CLOSED: (409, Code.REGISTRATION_CLOSED, "Registration is closed."),
}
QUEUE_FULL_RETRY_SECONDS = 5
# A pause is ended by hand: a crowd that asks more often learns nothing sooner.
PAUSED_RETRY_SECONDS = 15


def refuse(refusal: Refusal, *, now_ms: int, refusal_limit: RateLimit | None, jitter: Jitter) -> Response:
    """Builds the response to a refusal. `jitter` gives numbers from 0 up to 1, which spread Retry-After."""
    match refusal:
        case Refused(reason=reason):
            return _refused(reason, jitter)
        case TooMany(most=most):
            return _invalid("quantity", "One seat at once." if most == 1 else f"At most {most} seats at once.")
        case NotOpen(opens_ms=opens_ms):
            seconds = opening_retry(opens_ms - now_ms, jitter=jitter())
            message = "Registration has not opened yet."
            return responses.refuse(409, Code.REGISTRATION_NOT_OPEN, message, retry_seconds=seconds)
        case RateLimited() as limited:
            message = "Too many registrations from this address."
            return responses.refuse(429, Code.RATE_LIMITED, message, retry_seconds=limited.wait_seconds)
        case RefusalsLimited() as limited:
            return _too_many_refusals(refusal_limit, limited.wait_seconds)
        case NotFound():
            return responses.event_not_found()
        case OrganizerUnknown():
            return responses.unavailable("The event is being loaded.")


def _refused(reason: RefusalReason, jitter: Jitter) -> Response:
    if reason is RefusalReason.PAUSED:
        seconds = outage_retry(PAUSED_RETRY_SECONDS, jitter=jitter())
        message = "Registration is paused. Try again."
        return responses.refuse(409, Code.REGISTRATION_PAUSED, message, retry_seconds=seconds)
    if reason in _BLAMED:
        return _invalid(*_BLAMED[reason])
    if reason is RefusalReason.QUEUE_FULL:
        seconds = outage_retry(QUEUE_FULL_RETRY_SECONDS, jitter=jitter())
        return responses.refuse(503, Code.QUEUE_FULL, "Too many are waiting. Try again.", retry_seconds=seconds)
    return responses.refuse(*_REFUSALS[reason])


def _invalid(field: str, sentence: str) -> Response:
    return responses.refuse(400, Code.INVALID, "The request is not valid.", errors={field: [sentence]})


def _too_many_refusals(limit: RateLimit | None, seconds: int) -> Response:
    message = "Too many refused registrations from this address."
    response = responses.refuse(429, Code.RATE_LIMITED, message, retry_seconds=seconds)
    return response if limit is None else responses.with_quota(response, limit, Quota(0, seconds))
