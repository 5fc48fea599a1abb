"""Events and registrations for a run, written and read the way the service does it, so that nothing here knows its
tables by heart."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

CAPACITY = 5_000_000
BATCH = 1000  # the drain's
_SEATS = count(1)


def new_event(
    *, capacity: int = CAPACITY, waitlist: int = 0, hold_seconds: int = 0, draws: bool = False, mail: bool = False
) -> int:
    """An open event of its own for a run. With `hold_seconds` its seats are offers, held for so long; one that `draws`
    has its draw in an hour. With `mail` its guests get mail."""
    from django.utils import timezone

    from events.ledger.events import create_event
    from events.models import Organizer

    organizer, _ = Organizer.objects.get_or_create(name="bench")
    now = timezone.now()
    fields: dict[str, Any] = {
        **{
            "name": "Launch",
            "location": "Hall 1",
            "max_capacity": capacity,
            "mail": mail,
            "waitlist_capacity": waitlist,
        },
        **{"start_time": now + timedelta(days=1), "end_time": now + timedelta(days=2)},
        "registration_opens_at": now - timedelta(minutes=1),
        "registration_closes_at": now + timedelta(days=1),
    }
    if hold_seconds:
        fields |= {"hold_seconds": hold_seconds, "hold_confirmed_by": "holder", "hold_applies_to": "all"}
    if draws:
        fields["draw_at"] = now + timedelta(hours=1)
    return int(create_event(organizer=organizer, fields=fields).pk)


def fill(event_id: int, number: int) -> None:
    """Decides so many registrations of people who exist once, in batches, as a drain does."""
    from events.ledger.commit import Batch, commit_batch
    from events.secrets import tickets

    digest = tickets().email_digest
    for commands in _batches(number):
        commit_batch(event_id, Batch(commands=commands, digest=digest))


def _batches(number: int) -> Iterator[Sequence[Any]]:
    from django.utils import timezone

    from events.domain.attendee import email_key
    from events.domain.commands import Request
    from events.domain.times import to_ms
    from events.secrets import tickets

    mint, now_ms = tickets().mint, to_ms(timezone.now())
    for first in range(1, number + 1, BATCH):
        numbers = range(first, min(first + BATCH, number + 1))
        people = [(f"Guest {number}", f"guest{number}x{next(_SEATS)}@example.com", number) for number in numbers]
        yield [
            Request(key=mint(), name=name, email=email, email_key=email_key(email), sequence=place, requested_ms=now_ms)
            for name, email, place in people
        ]


def let_draw_be_due(event_id: int) -> None:
    """Has the draw of an event be now, and puts it into the queue as a worker does."""
    from django.utils import timezone

    from events.admission.commands import enqueue_draw
    from events.admission.snapshots import put_snapshot
    from events.ledger.queries import event_snapshot
    from events.models import Event
    from events.secrets import tickets
    from omnify.common.clients import redis_client

    Event.objects.filter(pk=event_id).update(draw_at=timezone.now() - timedelta(seconds=1))
    snapshot = event_snapshot(Event.objects.get(pk=event_id))
    put_snapshot(redis_client(), snapshot)
    if enqueue_draw(redis_client(), snapshot, key=tickets().mint()) is None:
        raise AssertionError("the draw was put into the queue before")


def entered(event_id: int) -> int:
    """Entries of an event that have not had their turn."""
    from events.models import Registration

    return Registration.objects.filter(event_id=event_id, status="entered").count()


def publish(event_id: int) -> None:
    """Hands the event to the door, as creating it through the API does."""
    from events.models import Event
    from events.services.publish_event import publish_after_commit

    publish_after_commit(Event.objects.get(pk=event_id))


def decided(event_id: int) -> int:
    """Registrations of an event that the ledger has decided."""
    from events.models import Registration

    return Registration.objects.filter(event_id=event_id).count()


def confirmed(event_id: int) -> int:
    """Seats of an event that are taken, as its own counter says."""
    from events.models import Event

    return int(Event.objects.get(pk=event_id).confirmed_count)


def held(event_id: int) -> int:
    """Seats of an event that are set aside, as its own counter says."""
    from events.models import Event

    return int(Event.objects.get(pk=event_id).held_count)


def let_holds_end(event_id: int, *, apart: timedelta = timedelta(0), after: timedelta = timedelta(0)) -> dict[str, int]:
    """Has all holds of an event end `after` a while, at the same moment or one so long `apart` from the next.

    Returns the moments (ms since 1970) by ticket key. Without `after`, they are over by the time of the commit.
    """
    from django.db import connection, transaction
    from django.utils import timezone

    from events.domain.times import to_ms
    from events.models import Registration

    first = timezone.now() + after
    rows = Registration.objects.filter(event_id=event_id, status="held")
    keys = list(rows.order_by("sequence").values_list("ticket_key", flat=True))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        if not apart:
            rows.update(expires_at=first)
        for place, key in enumerate(keys if apart else ()):
            rows.filter(ticket_key=key).update(expires_at=first + place * apart)
    return {key: to_ms(first + place * apart) for place, key in enumerate(keys)}


def expired_in_order(event_id: int) -> int:
    """Counts the holds that ran out. Raises AssertionError if one did before another that was admitted earlier."""
    from events.models import Registration

    rows = Registration.objects.filter(event_id=event_id, status="expired").order_by("sequence")
    moments = list(rows.values_list("decided_at", flat=True))
    assert moments == sorted(moments), "holds ran out in another order"
    return len(moments)


def tidy() -> None:
    """What autovacuum would do sooner or later, so that no run pays for the one before.

    No CHECKPOINT: PostgreSQL logs every page as a whole when it is first touched after one, and a run of seconds right
    behind a checkpoint would measure mostly that.
    """
    from django.apps import apps
    from django.db import connection

    tables = ", ".join(
        connection.ops.quote_name(model._meta.db_table) for model in apps.get_app_config("events").get_models()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {tables}")


def columns() -> str:
    """Every column of a registration but its number, for COPY."""
    from django.db import connection

    from events.models import Registration

    fields = [field for field in Registration._meta.concrete_fields if not field.primary_key]
    return ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)


def take_rows(event_id: int) -> list[bytes]:
    """The event's registrations as COPY writes them, and out of the table: copied back, they contradict nothing."""
    from django.db import connection

    from events.models import Registration

    out = io.BytesIO()
    table = connection.ops.quote_name(Registration._meta.db_table)
    query = f"SELECT {columns()} FROM {table} WHERE event_id = {event_id} ORDER BY id"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", out)
    Registration.objects.filter(event_id=event_id).delete()
    tidy()
    return out.getvalue().splitlines(keepends=True)


def copy_rows(rows: Sequence[bytes]) -> None:
    """Writes rows with one COPY, in a transaction of its own."""
    from django.db import connection, transaction

    from events.models import Registration

    table = connection.ops.quote_name(Registration._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({columns()}) FROM STDIN", io.BytesIO(b"".join(rows)))
