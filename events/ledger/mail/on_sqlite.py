"""The operations of `events.ledger.database` that concern mails, on SQLite: through the ORM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from msgspec.structs import asdict

from events.domain.mail.kinds import URGENT, MailState
from events.ledger.mail.sql import CLAIMED_COLUMNS
from events.ledger.records import MailRecord, MailResult
from events.models import Mail


def insert_mails(event_id: int, mails: Sequence[MailRecord], *, now: datetime) -> None:
    """Writes mails, due at once."""
    Mail.objects.bulk_create(
        Mail(event_id=event_id, created_at=now, next_attempt_at=now, **asdict(mail)) for mail in mails
    )


def insert_mails_of_seats(event_id: int, keys: Sequence[str], *, now: datetime) -> None:
    """Writes mails about tickets that got a seat at once, due at once."""
    insert_mails(event_id, [MailRecord(ticket_key=key) for key in keys], now=now)


def claim_mails(*, now: datetime, until: datetime, total: int, urgent: bool = False) -> Iterable[tuple[Any, ...]]:
    """Claims due mails. The transaction began IMMEDIATE, so no other mailer claims meanwhile."""
    with transaction.atomic():
        due = Mail.objects.filter(state=MailState.PENDING.value, next_attempt_at__lte=now)
        due = due.filter(Q(claimed_until=None) | Q(claimed_until__lte=now)).order_by("next_attempt_at", "pk")
        if urgent:
            due = due.filter(kind__in=URGENT)
        busy = set(Mail.objects.filter(claimed_until__gt=now).values_list("event_id", "ticket_key"))
        rows = due.values_list("pk", "event_id", "ticket_key")[: total + len(busy)]
        ids = [pk for pk, *ticket in rows if tuple(ticket) not in busy][:total]
        Mail.objects.filter(pk__in=ids).update(claimed_until=until)
        return list(Mail.objects.filter(pk__in=ids).values_list(*CLAIMED_COLUMNS))


def record_mails(results: Sequence[MailResult]) -> None:
    """Writes what came of mails."""
    for result in results:
        row = Mail.objects.filter(pk=result.mail_id, state=MailState.PENDING.value).first()
        if row and (result.state == MailState.SENT or row.claimed_until == result.claimed_until):
            row.state, row.claimed_until, row.attempts = result.state, None, row.attempts + result.counted
            row.next_attempt_at = result.next_attempt_at or row.next_attempt_at
            row.last_attempt_at = result.at or row.last_attempt_at
            row.last_status, row.last_error = result.status, result.error
            row.save()
