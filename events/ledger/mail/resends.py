"""Tickets that are mailed again: on a wish that names an address, and by an organizer.

A wish is only written down when it comes, and looked at by a mailer: so neither the answer to it nor the time that the
answer takes can tell whether the address has a ticket.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from django.db import transaction

from events.domain.attendee import mailbox_keys
from events.domain.holds import ConfirmedBy
from events.domain.mail.kinds import MailKind, MailState
from events.domain.states import HOLDING, Status
from events.domain.times import to_ms
from events.ledger.mail.outbox import is_mailed, write_mail
from events.models import Mail, Registration, ResendRequest

CHUNK = 500
# A wish that no mailer has looked at for so long is dropped: it is an address that someone may have typed.
LONGEST = timedelta(days=1)
_HOLDING = sorted(status.value for status in HOLDING)
_UNPROVED = (Status.HELD.value, Status.WAITLISTED.value)


def ask_for_ticket(event_id: int, email_key: str, *, now: datetime) -> None:
    """Writes down that this address wishes its ticket. A second wish before the first is looked at changes nothing."""
    asked = ResendRequest(event_id=event_id, email_key=email_key, created_at=now)
    ResendRequest.objects.bulk_create([asked], ignore_conflicts=True)


def make_asked_mails(*, now: datetime) -> int:
    """Makes the mails of the next wishes, and removes these. Returns how many wishes there were.

    Several mailers at once share them. Inside no transaction.
    """
    with transaction.atomic():
        rows = ResendRequest.objects.select_for_update(skip_locked=True, of=("self",)).select_related("event")
        asked = list(rows.order_by("pk")[:CHUNK])
        found = [row for one in asked if now - one.created_at < LONGEST for row in _tickets_of(one)]
        waiting = _waiting({row.ticket_key for row in found})
        for row in found:
            if (row.event_id, row.ticket_key) not in waiting:
                mail_again(row, now=now, wished=True)
        ResendRequest.objects.filter(pk__in=[one.pk for one in asked]).delete()
    return len(asked)


def _tickets_of(asked: ResendRequest) -> Iterator[Registration]:
    keys = mailbox_keys(asked.email_key)
    for row in Registration.objects.filter(event_id=asked.event_id, email_key__in=keys, status__in=_HOLDING):
        row.event = asked.event
        yield row


def _waiting(ticket_keys: Collection[str], *, by_organizer: bool = False) -> set[tuple[int, str]]:
    """Returns of which of these tickets a mail with its link or token waits to be sent: another would say the same.

    `by_organizer`: of which one that is not dropped where its mailbox has had enough, as those on a wish are.
    """
    kinds = [MailKind.RESEND.value, MailKind.VERIFY.value]
    pending = Mail.objects.filter(state=MailState.PENDING.value, kind__in=kinds, ticket_key__in=ticket_keys)
    rows = pending.values_list("event_id", "ticket_key", "data")
    return {(event_id, key) for event_id, key, data in rows if not (by_organizer and data and data.get("asked"))}


def mail_again(row: Registration, *, now: datetime, wished: bool = False) -> bool:
    """Writes a mail with a ticket, or once more with its token where its address is to be proved; an organizer's not
    while one waits. Returns False if its event has no mail. `wished`: not by its organizer but on a wish, which anyone
    can have for any address."""
    if not wished and is_mailed(row.event) and _waiting({row.ticket_key}, by_organizer=True):
        return True
    unproved = row.status in _UNPROVED and row.hold_confirmed_by == ConfirmedBy.ADDRESS
    kind = MailKind.VERIFY if unproved else MailKind.RESEND
    data = {"asked": True} if wished else None
    return write_mail(row.event, ticket_key=row.ticket_key, kind=kind, revision=to_ms(now), now=now, data=data)


def forget_wishes(email_key: str) -> int:
    """Removes the wishes of an address, whatever its event. Returns how many."""
    removed, _ = ResendRequest.objects.filter(email_key__in=mailbox_keys(email_key)).delete()
    return removed


def purge_wishes(*, now: datetime) -> int:
    """Removes wishes that no mailer has looked at for long. Returns how many."""
    removed, _ = ResendRequest.objects.filter(created_at__lte=now - LONGEST).delete()
    return removed
