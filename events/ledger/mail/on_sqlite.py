"""The operations of `events.ledger.database` that concern mails, on SQLite: through the ORM."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import asdict

from events.ledger.records import MailRecord
from events.models import Mail


def insert_mails(event_id: int, mails: Sequence[MailRecord], *, now: datetime) -> None:
    """Writes mails, due at once."""
    Mail.objects.bulk_create(
        Mail(event_id=event_id, created_at=now, next_attempt_at=now, **asdict(mail)) for mail in mails
    )
