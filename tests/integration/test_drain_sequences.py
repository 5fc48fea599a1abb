"""The drain behind a queue whose sequences run backwards, as after a failover to a server that was behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.replies import AdmitReply
from events.models import Event, Registration
from tests.support.in_process.drain import told, trim
from tests.support.in_process.gate import apply_for
from worker.drain import Drain, Drained

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def test_sequences_that_are_given_out_twice_are_replaced_by_the_next_ones(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(n) for n in range(4)])
    drain.run(event.pk)
    poison = {"t": "P" * 20, "r": "1700000000000", "p": b"\xff"}
    redis_client.xadd(event_keys(event.pk).queue, poison, id="2-0")
    redis_client.hset(event_keys(event.pk).state, "seq", "2")
    admit(event.pk, [apply_for(8), apply_for(9)])
    assert drain.run(event.pk) is Drained.IDLE
    event.refresh_from_db()
    assert event.confirmed_count == 6
    assert [sequence for *_, sequence in told(event)][:4] == [1, 2, 3, 4]
    assert told(event)[4:] == [("rejected", "invalid", 5), ("confirmed", "", 6), ("confirmed", "", 7)]
    assert admit(event.pk, [apply_for(10)]).answers[0].sequence == 8


def test_a_guest_who_comes_after_entries_were_lost_is_behind_those_on_the_waitlist(
    make_event: Make, admit: Admit, drain: Drain, give_back: Callable[..., Any], redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=3)
    guests = [apply_for(n) for n in range(3)]
    admit(event.pk, guests[:2])
    drain.run(event.pk)
    redis_client.hset(event_keys(event.pk).state, "seq", "0")
    admit(event.pk, guests[2:])
    drain.run(event.pk)
    give_back(event, guests[0].key)
    drain.run(event.pk)
    statuses = dict(Registration.objects.filter(event=event).values_list("ticket_key", "status"))
    assert [statuses[guest.key] for guest in guests] == ["cancelled", "confirmed", "waitlisted"]


def test_a_trim_leaves_entries_alone_that_belong_to_others_since_a_rewind(
    make_event: Make, admit: Admit, queue: Queue, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(n) for n in range(3)])
    stale = queue.head(event.pk, count=10)
    redis_client.delete(event_keys(event.pk).queue, event_keys(event.pk).pending)
    redis_client.hset(event_keys(event.pk).state, "seq", "0")
    admit(event.pk, [apply_for(n) for n in range(10, 13)])
    assert trim(queue, event, stale) == 3
