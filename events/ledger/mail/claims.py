"""Claims on mails: taken before they are sent, renewed while they are, ended by what came of them.

A claim is a time, `claimed_until`, written before anything is sent. If its mailer is killed, the claim expires and the
mail is claimed again: sent twice at worst, under one Message-ID. Two mailers never get the same row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from events.domain.mail.kinds import RESERVED, MailKind, MailState
from events.domain.mail.problems import MailProblem
from events.ledger.database import database
from events.ledger.queries import keys_of_reference
from events.ledger.records import MailResult
from events.models import Mail

_PROBLEMS = frozenset(problem.value for problem in MailProblem)
# A breaker is open for five minutes at most (`worker.mail.breaker`).
_PUT_BACK_WITHIN = timedelta(minutes=5)
_PUT_BACK_LOOK = 200


class ClaimedMail(msgspec.Struct, kw_only=True):
    """A mail that this mailer may send until `claimed_until`. The fields are `sql.CLAIMED_COLUMNS`.

    `kind` is a `MailKind`, unless a later release wrote it.
    """

    id: int
    event_id: int
    ticket_key: str
    kind: str
    revision: int
    position: int | None
    data: dict[str, Any] | None
    created_at: datetime
    attempts: int
    claimed_until: datetime

    @property
    def is_on_request(self) -> bool:
        """Whether it is a wish that anyone can have for any address: over a mailbox's limit it is dropped."""
        return bool(self.data and self.data.get("asked"))

    @property
    def is_reserved(self) -> bool:
        """Whether it may use what is kept of a mailbox's limit."""
        return self.kind in RESERVED and not self.is_on_request


def claim_mails(*, now: datetime, until: datetime, total: int) -> list[ClaimedMail]:
    """Claims what is due in short transactions: what is urgent, then the oldest of all. Returns it in that order.

    However much is urgent, a quarter of many is left for the rest, or that would wait until nothing is urgent.
    """
    urgent = _claimed(now=now, until=until, total=total - total // 4, urgent=True)
    return urgent + _claimed(now=now, until=until, total=total - len(urgent))


def _claimed(**wanted: Any) -> list[ClaimedMail]:
    fields = ClaimedMail.__struct_fields__
    found = (dict(zip(fields, row, strict=True)) for row in database().claim_mails(**wanted))
    return sorted((ClaimedMail(**row) for row in found), key=lambda mail: mail.id)


def renew_claims(mails: Sequence[ClaimedMail], *, until: datetime) -> None:
    """Makes claims last longer. Those that another mailer has taken since are left alone."""
    with transaction.atomic():
        for known in {mail.claimed_until for mail in mails}:
            ids = [mail.id for mail in mails if mail.claimed_until == known]
            Mail.objects.filter(pk__in=ids, claimed_until=known).update(claimed_until=until)
    for mail in mails:
        mail.claimed_until = until


def record_mails(results: Sequence[MailResult]) -> None:
    """Writes what came of mails, in one transaction, and ends their claims."""
    with transaction.atomic():
        database().record_mails(results)


class HeldBack(NamedTuple):
    """Why mail is held back, and since when the oldest waits of those that were put back for it."""

    problem: MailProblem
    since: datetime


def held_back(*, now: datetime) -> HeldBack | None:
    """Tells whether mail is held back: what a mailer puts back is due within minutes, behind all that is due by now."""
    pending = Mail.objects.filter(state=MailState.PENDING.value, next_attempt_at__lte=now + _PUT_BACK_WITHIN)
    latest = pending.order_by("-next_attempt_at", "-pk")[:_PUT_BACK_LOOK]
    rows = [row for row in latest.values_list("last_error", "last_attempt_at", "created_at") if row[0] in _PROBLEMS]
    if not rows:
        return None
    return HeldBack(MailProblem(rows[0][0]), min(tried or created for _, tried, created in rows))


def oldest_pending(*, now: datetime) -> datetime | None:
    """Returns since when the mail waits that has been due, or put back, for the longest; None if none is pending."""
    pending = Mail.objects.filter(state=MailState.PENDING.value).order_by("next_attempt_at", "pk")
    due, held = pending.values_list("next_attempt_at", flat=True).first(), held_back(now=now)
    return min((moment for moment in (due, held.since if held else None) if moment), default=None)


def purge_mails(*, before: datetime, limit: int) -> int:
    """Deletes up to `limit` mails that were written before `before` and are pending no more. Returns how many."""
    oldest = list(Mail.objects.order_by("pk").values_list("pk", flat=True)[:limit])
    old = Mail.objects.filter(pk__in=oldest, created_at__lt=before).exclude(state=MailState.PENDING.value)
    deleted, _ = old.delete()
    return deleted


# What an organizer may have to do something about. Those that were sent are many, and have no index.
LISTED = (MailState.BOUNCED, MailState.FAILED, MailState.PENDING)


def mails_of(event_id: int, *, state: MailState | None = None) -> QuerySet[Mail]:
    """Reads an event's mails of a state in `LISTED`, newest first; None: those that were not delivered.

    Without those whose kind a later release has: they have no name that clients know.
    """
    rows = _known(event_id)
    if state is None:
        return rows.filter(state__in=[MailState.BOUNCED.value, MailState.FAILED.value])
    return rows.filter(state=state.value)


def mails_about(event_id: int, *, ref: str | None, state: MailState | None = None) -> QuerySet[Mail]:
    """Reads all mails about the ticket whose key begins with `ref`, newest first; None: about no ticket.

    What was sent has no index but one of the event's pages in the table (`mail_event_pages`): a drop pays for none.
    """
    keys = [] if ref is None else keys_of_reference(event_id=event_id, ref=ref)
    rows = _known(event_id).filter(ticket_key__in=keys)
    return rows if state is None else rows.filter(state=state.value)


def _known(event_id: int) -> QuerySet[Mail]:
    return Mail.objects.filter(event_id=event_id, kind__in=[kind.value for kind in MailKind]).order_by("-pk")
