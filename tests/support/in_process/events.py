"""Events in the database and in Redis. Like its neighbours it needs Django, so conftest imports it late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import redis
from django.utils import timezone

from events.admission import keys
from events.admission.descriptions import put_descriptions
from events.admission.snapshots import put_snapshot
from events.domain.tickets import Tickets
from events.ledger.descriptions import descriptions_of
from events.ledger.events import create_event
from events.ledger.queries import event_snapshot
from events.models import Event, Organizer, Registration

tickets = Tickets("a secret of the tests")


def open_event(client: redis.Redis, *, load: bool = True, **fields: Any) -> Event:
    """Makes an event that can be registered for, and loads it into Redis as a save through the API does."""
    organizer, _ = Organizer.objects.get_or_create(name="Tests")
    now = timezone.now()
    given = {
        "name": "Evening",
        "location": "Hall",
        "max_capacity": 10,
        "mail": False,
        "start_time": now + timedelta(days=1),
        "end_time": now + timedelta(days=2),
        "registration_opens_at": now - timedelta(hours=1),
        "registration_closes_at": now + timedelta(days=1),
        **fields,
    }
    event = create_event(organizer=organizer, fields=given)
    if load:
        put_snapshot(client, event_snapshot(event))
        put_descriptions(client, descriptions_of([event.pk]))
    return event


def ticket_type(name: str, capacity: int, *, waitlist: int = 0, most: int = 1, price: str = "") -> dict[str, Any]:
    """A ticket type for `open_event(ticket_types=[...])`."""
    sizes = {"capacity": capacity, "waitlist_capacity": waitlist, "max_quantity": most}
    return {"name": name, "price": price, **sizes}


def let_it_be_over(event: Event, *, days: int = 40) -> None:
    """As if the event had ended so long ago."""
    end = timezone.now() - timedelta(days=days)
    fields = {"start_time": end - timedelta(hours=2), "end_time": end, "registration_closes_at": end}
    Event.objects.filter(pk=event.pk).update(**fields)


def stored_version(client: redis.Redis, event_id: int) -> int:
    state = client.hgetall(keys.event_keys(event_id).state)
    return int(state[b"version"])


def contents(client: redis.Redis) -> dict[bytes, Any]:
    """What Redis holds, by key. A large hash has no order of its own, so that two dumps of it may differ."""
    hashes = {name: client.hgetall(name) for name in client.scan_iter(_type="HASH")}
    return {**{name: client.dump(name) for name in client.scan_iter() if name not in hashes}, **hashes}


@contextmanager
def commits_that_the_standby_lacks(event: Event) -> Iterator[None]:
    """Afterwards the ledger is as it was before."""
    before, rows = Event.objects.get(pk=event.pk), list(Registration.objects.filter(event=event))
    yield
    Registration.objects.filter(event=event).exclude(pk__in=[row.pk for row in rows]).delete()
    for row in (*rows, before):
        row.save()
