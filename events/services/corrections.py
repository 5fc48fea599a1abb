"""Sends an organizer's correction of a guest's name or e-mail through the event's queue, and waits for its result."""

from __future__ import annotations

import time
from collections.abc import Callable

from events.admission.commands import enqueue_correction
from events.domain.attendee import email_key
from events.domain.corrections import CorrectionVerdict
from events.domain.snapshot import EventSnapshot
from events.ledger.corrections import correction_result
from events.ledger.events import EventOver
from events.models import Registration
from events.secrets import tickets
from events.services.commands import RESIZE_TIMEOUT_SECONDS
from events.services.wakeups import wake_drain
from omnify.common.clients import replicated_client

_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.03, 0.25


class CorrectionPending(Exception):
    """The correction is in the queue and will be made, but the drain has not reached it in time."""


class EmailTaken(Exception):
    """Another ticket of the event that has a seat, or waits for one, has this e-mail."""


class NoSeatToCorrect(Exception):
    """The ticket has no seat and is not on the waitlist."""


def correct_guest(event: EventSnapshot, guest: Registration, *, name: str | None, email: str | None) -> str:
    """Enqueues a correction and returns its key; None leaves a field as it is. Raises redis.exceptions.RedisError."""
    key = tickets().mint()
    digest = "" if email is None else tickets().email_digest(email_key(email), guest.mark)
    enqueued = enqueue_correction(
        replicated_client(), event, key=key, ticket=guest.ticket_key, name=name, email=email, digest=digest
    )
    if enqueued.wake:
        wake_drain(event.event_id)
    return key


def await_correction(event_id: int, key: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Waits until the drain has made a correction. Never call it in a transaction: the drain needs the event's row.

    Raises:
        EmailTaken, NoSeatToCorrect, EventOver: the drain refused it.
        CorrectionPending: after `RESIZE_TIMEOUT_SECONDS`.
    """
    deadline, pause = time.monotonic() + RESIZE_TIMEOUT_SECONDS, _POLL_SECONDS
    while (result := correction_result(event_id=event_id, key=key)) is None:
        if time.monotonic() > deadline:
            raise CorrectionPending
        sleep(pause)
        pause = min(_LONGEST_POLL_SECONDS, pause * 1.5)
    match result.verdict:
        case CorrectionVerdict.DUPLICATE:
            raise EmailTaken
        case CorrectionVerdict.NO_SEAT:
            raise NoSeatToCorrect
        case CorrectionVerdict.EVENT_OVER:
            raise EventOver
