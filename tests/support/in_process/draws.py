"""Draws in the test's process: events with one, and the moment at which it is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import redis
from django.db import transaction
from django.utils import timezone

from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.snapshots import put_snapshot
from events.domain.times import from_ms
from events.ledger.draw.setting import set_draw
from events.ledger.events import event_for_change
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from tests.support.in_process.drain import make_queue, people
from worker.drain import Drain
from worker.draws import Drawer, ReadRound

Enter = Callable[..., tuple[Event, list[str]]]


def draw_now(event: Event, client: redis.Redis) -> None:
    """Moves the draw to this moment, while no registration is decided: those in the queue came before it."""
    queue = make_queue(client)
    now_ms = queue.now_ms(event.pk) + 1
    move_draw(event, client, now_ms)
    while queue.now_ms(event.pk) < now_ms:
        pass


def move_draw(event: Event, client: redis.Redis, draw_ms: int) -> None:
    """Moves the draw to a time (ms), as an organizer does."""
    with transaction.atomic():
        locked = event_for_change(event_id=event.pk)
        assert locked is not None
        set_draw(locked, from_ms(draw_ms), now=timezone.now())
        locked.version += 1
        locked.save(update_fields=["version"])
    event.refresh_from_db()
    put_snapshot(client, event_snapshot(event))


def drawer(client: redis.Redis, read_round: ReadRound = lambda number: None) -> Drawer:
    """A thread's work, without the thread."""
    return Drawer(client=client, queue=Queue(client), wake=lambda event_id: None, read_round=read_round)


def hold_draw(event: Event, drain: Drain, client: redis.Redis) -> None:
    """Puts the draw into the queue, and decides it."""
    client.delete(event_keys(event.pk).draw)
    assert drawer(client).once() == 1
    drain.run(event.pk)
    event.refresh_from_db()


def in_drawn_order(event: Event, status: str) -> list[str]:
    """The keys of its tickets of a status, as they were drawn; only the waitlist has an order in the ledger."""
    rows = Registration.objects.filter(event=event, status=status).order_by("turn", "pk")
    return list(rows.values_list("ticket_key", flat=True))


def entering(make_event: Callable[..., Event], admit: Callable[..., Any], drain: Drain, client: redis.Redis) -> Enter:
    """Returns what makes an event with a draw that is due, and guests who are in it."""

    def entered(number: int, *others: Any, **fields: Any) -> tuple[Event, list[str]]:
        event = make_event(**{"draw_at": timezone.now() + timedelta(hours=1), **fields})
        keys = people(admit, event, number)
        if others:
            admit(event.pk, others)
        draw_now(event, client)
        drain.run(event.pk)
        event.refresh_from_db()
        return event, keys

    return entered
