"""Mails to all who have a place at an event: one row says so, and the mailer makes a mail for each ticket of it.

A change of an event that 100,000 people have a seat at is one row in the organizer's transaction. The mails are made a
thousand at a time, each thousand with the mark of how far it is in one transaction: a crash makes none twice, and
leaves none out. Another thousand is made once few mails wait, so news of one event keep up no other's tickets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from events.domain.mail.kinds import MailKind, MailState
from events.domain.states import HOLDING, Status
from events.domain.times import from_iso, iso_of, to_ms
from events.domain.zones import shows_another_time
from events.ledger.database import database
from events.ledger.mail.outbox import is_mailed
from events.ledger.records import MailRecord
from events.models import Event, Mail, MailNotice, MailOptOut, Registration

# Tickets in one transaction, and mails that may wait before the next.
AT_ONCE = 1000
MOST_WAITING = 1000
# What is corrected within this time goes out as one mail.
SETTLE_SECONDS = 120
# Those who registered within this time before a reminder know when the event is.
_RECENT = timedelta(days=1)
# What the holders of tickets are told of.
TOLD = ("name", "location", "start_time", "end_time", "timezone")


def told_fields(event: Event) -> dict[str, str]:
    """Returns what holders are told of when it changes, as texts."""
    values = {name: getattr(event, name) for name in TOLD}
    return {name: iso_of(value) if isinstance(value, datetime) else str(value) for name, value in values.items()}


def note_change(event: Event, *, before: Mapping[str, str], now: datetime) -> None:
    """Has the holders told of what differs from `before` (`told_fields`). Inside the transaction of the change.

    Where an earlier change has not been told to all yet, both become one notice: it says what was before the first.
    """
    after = told_fields(event)
    changes = _seen(event, {name: [before[name], after[name]] for name in TOLD if before[name] != after[name]})
    if not changes or not is_mailed(event) or event.cancelled_at is not None or event.end_time <= now:
        return
    found = _pending(event).select_for_update().first()
    notice = found or MailNotice(event=event, kind=MailKind.EVENT_CHANGED.value)
    if found is not None:
        merged = _seen(event, _merged(found.data["changes"], changes))
        if not merged and not found.through_key:
            found.delete()  # all is as it was, and no one has heard of it
            return
        changes = merged or changes
    notice.revision, notice.due_at = to_ms(now), now + timedelta(seconds=SETTLE_SECONDS)
    notice.data, notice.through_key = {"changes": changes, "since": iso_of(now)}, ""
    notice.save()


def _pending(event: Event) -> QuerySet[MailNotice]:
    return MailNotice.objects.filter(event=event, kind=MailKind.EVENT_CHANGED.value, done_at=None)


def _seen(event: Event, changes: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leaves out another time zone whose clocks show the same: the ticket says "19:00" as before."""
    zones = changes.get("timezone")
    if zones and not any(shows_another_time(at, *zones) for at in (event.start_time, event.end_time)):
        return {name: found for name, found in changes.items() if name != "timezone"}
    return changes


def _merged(earlier: Mapping[str, list[str]], later: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Returns what both changes come to. What is changed back is left out."""
    fields = {name: [earlier.get(name, found)[0], found[1]] for name, found in {**earlier, **later}.items()}
    return {name: found for name, found in fields.items() if found[0] != found[1]}


def note_reminders(*, now: datetime, hours: float) -> int:
    """Has those reminded who have a seat at an event that starts within `hours`. Once for each event, and once more
    for one that was put off until later than that.

    Returns how many events it is. `hours` 0: none.
    """
    until = now + timedelta(hours=hours)
    _forget_reminders_of_postponed(until)
    soon = Event.objects.filter(start_time__gt=now, start_time__lte=until, mail=True, cancelled_at=None)
    known = MailNotice.objects.filter(event=OuterRef("pk"), kind=MailKind.REMINDER.value)
    since = iso_of(now - _RECENT)
    notices = [
        MailNotice(
            event_id=pk,
            kind=MailKind.REMINDER.value,
            revision=to_ms(now),
            due_at=now,
            data={"since": since, "start_ms": to_ms(start)},
        )
        for pk, start in soon.exclude(Exists(known)).values_list("pk", "start_time")
    ]
    # Another mailer may write the same at this moment: one pending notice of a kind is all that an event can have.
    MailNotice.objects.bulk_create(notices, ignore_conflicts=True)
    return len(notices)


def _forget_reminders_of_postponed(until: datetime) -> None:
    """Deletes reminders of events that start after `until` now; one that is still being made stops there.

    Only where the start is later than the one it reminded of: two mailers whose hours differ, as they do while the
    setting is changed, would else delete and write the same reminder in turns.
    """
    later = MailNotice.objects.filter(kind=MailKind.REMINDER.value, event__start_time__gt=until)
    for pk, data, start in later.values_list("pk", "data", "event__start_time"):
        if data.get("start_ms", math.inf) < to_ms(start):
            MailNotice.objects.filter(pk=pk).delete()


def make_due_mails(*, now: datetime) -> int:
    """Makes mails of a notice that is due, for up to `AT_ONCE` tickets. Returns how many; 0 if there is nothing to do.

    A notice that is done, or has become void, makes none and is not looked at again.
    """
    if _waiting(now) >= MOST_WAITING:
        return 0
    with transaction.atomic():
        due = MailNotice.objects.filter(done_at=None, due_at__lte=now).order_by("due_at", "pk")
        notice = due.select_for_update(skip_locked=True).first()
        return 0 if notice is None else _make(notice, now)


def _waiting(now: datetime) -> int:
    pending = Mail.objects.filter(state=MailState.PENDING.value, next_attempt_at__lte=now)
    return pending.order_by("next_attempt_at", "pk")[:MOST_WAITING].count()


def _make(notice: MailNotice, now: datetime) -> int:
    event = Event.objects.get(pk=notice.event_id)
    changed = notice.kind == MailKind.EVENT_CHANGED.value
    over = event.end_time if changed else event.start_time
    void = not event.mail or event.cancelled_at is not None or over <= now
    keys = [] if void else list(_tickets(notice, changed)[:AT_ONCE])
    if keys:
        data = {"changes": notice.data["changes"]} if changed else None
        records = [MailRecord(ticket_key=key, kind=notice.kind, revision=notice.revision, data=data) for key in keys]
        database().insert_mails(event.pk, records, now=now)
        notice.through_key = keys[-1]
    if len(keys) < AT_ONCE:
        notice.done_at = now
    notice.save(update_fields=["through_key", "done_at"])
    return len(keys)


def _tickets(notice: MailNotice, changed: bool) -> Any:
    """Finds the keys that the notice is for, in their order, which an index has: each thousand costs the same.

    Those who were decided after a change know no other: their own mail said what held by then.
    """
    since = from_iso(notice.data["since"])
    told = {"status__in": [s.value for s in HOLDING], "decided_at__lte": since} if changed else _reminded(since)
    unwanted = MailOptOut.objects.filter(event=OuterRef("event"), ticket_key=OuterRef("ticket_key"))
    found = Registration.objects.filter(event=notice.event_id, ticket_key__gt=notice.through_key, **told)
    return found.exclude(Exists(unwanted)).order_by("ticket_key").values_list("ticket_key", flat=True)


def _reminded(since: datetime) -> dict[str, Any]:
    return {"status": Status.CONFIRMED.value, "requested_at__lte": since}
