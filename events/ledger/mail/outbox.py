"""The outbox of mails: written in the transaction that decides, so none is lost and none is false.

An event without mail costs one look at its row, which is in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from events.domain.corrections import CorrectionResult
from events.domain.mail.kinds import MailKind, kind_of
from events.domain.outcome import Outcome
from events.domain.states import HOLDING, Status
from events.ledger.database import database
from events.ledger.records import MailRecord
from events.models import Event


def is_mailed(event: Event) -> bool:
    """Tells whether guests get mail about an event: its organizer and the operator (`EMAIL_URL`) want it."""
    return event.mail and settings.ENV.sends_mail


def write_mails(
    event: Event, changes: Sequence[Outcome], *, now: datetime, corrections: Sequence[CorrectionResult] = ()
) -> int:
    """Writes a mail for each change that needs one. Returns how many.

    Args:
        changes: every change of a ticket in the caller's transaction, in order.
        corrections: those of guests. A new address gets the ticket; a new name alone is no news to anyone.
    """
    if not is_mailed(event):
        return 0
    if all(_is_seat_at_once(change) for change in changes):
        database().insert_mails_of_seats(event.pk, [change.key for change in changes], now=now)
        return len(changes)
    made = {(one.correction.ticket, one.revision): one for one in corrections if one.revision}
    records = [
        MailRecord(ticket_key=change.key, kind=kind.value, revision=change.revision, position=change.position)
        for change in changes
        if (kind := _kind(change, made) if made else kind_of(change)) is not None
    ]
    if records:
        database().insert_mails(event.pk, records, now=now)
    return len(records)


def _is_seat_at_once(change: Outcome) -> bool:
    # What nearly all changes of a drop are. They are written with less than half the work of the others.
    return change.status is Status.CONFIRMED and change.revision == 1 and change.hold is None


def _kind(change: Outcome, made: dict[tuple[str, int], CorrectionResult]) -> MailKind | None:
    corrected = made.get((change.key, change.revision))
    if corrected is None or change.is_unproved:
        return kind_of(change)
    return MailKind.RESEND if corrected.correction.email is not None and change.status in HOLDING else None


def write_mail(
    event: Event, *, ticket_key: str, kind: MailKind, revision: int, now: datetime, data: dict[str, Any] | None = None
) -> bool:
    """Writes one mail about a ticket, inside the caller's transaction. Returns False if the event has no mail.

    Args:
        revision: the ticket's, for kinds that tell its status; else a number that this mail alone has among those of
            its kind about this ticket, such as the milliseconds of a request. Part of the Message-ID.
        data: what its text needs and the ticket does not say, as JSON. Neither names nor addresses.
    """
    if not is_mailed(event):
        return False
    record = MailRecord(ticket_key=ticket_key, kind=kind.value, revision=revision, data=data)
    database().insert_mails(event.pk, [record], now=now)
    return True
