"""Changes of capacity and the end of an event in the drain: in steps, once, and after a crash in each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from events.admission.commands import enqueue_closing, enqueue_resize
from events.admission.replies import (
    AdmitReply,
)
from events.domain import allocation
from events.ledger import batch_context
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from tests.support.in_process.drain import Crash, counters, crash_at, people, shown, statuses, told
from tests.support.servers import Services
from worker.drain import Drain, Drained

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]

Admit = Callable[..., AdmitReply]


def test_a_change_of_any_size_is_made_in_steps_and_survives_a_crash_in_each(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (allocation, batch_context):
        monkeypatch.setattr(module, "MOVES_AT_ONCE", 2)
    event = make_event(max_capacity=1, waitlist_capacity=9)
    keys = people(admit, event, 8)
    drain.run(event.pk)
    enqueue_resize(drain.queue._client, event_snapshot(event), key="R" * 20, max_capacity=7)
    late = people(admit, event, 1, first=20)
    for _ in range(2):
        with pytest.raises(Crash):
            replace(drain, checkpoint=crash_at("drain.after_commit")).run(event.pk)
        event.refresh_from_db()
        assert event.confirmed_count == event.max_capacity < 7
    drain.run(event.pk)
    assert [shown(servers, event, key)[0] for key in keys + late] == ["confirmed"] * 7 + ["waitlisted"] * 2
    # The change has the 9th: what waits behind an unfinished command keeps its sequence.
    assert list(Registration.objects.filter(event=event).order_by("pk").values_list("sequence", flat=True)) == [
        *range(1, 9),
        10,
    ]
    Event.objects.filter(pk=event.pk).update(cancelled_at=event.start_time)
    enqueue_closing(drain.queue._client, event_snapshot(event), key="C" * 20)
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_commit")).run(event.pk)
    assert counters(event)[2] == 2
    assert drain.run(event.pk) is Drained.IDLE
    assert {shown(servers, event, key) for key in keys} == {("cancelled", 3), ("cancelled", 2)}
    assert counters(event) == (0, 0, 9)


def test_a_change_is_made_once_although_it_is_read_twice(make_event: Make, drain: Drain) -> None:
    event = make_event(max_capacity=5)
    client = drain.queue._client
    enqueue_resize(client, event_snapshot(event), key="R" * 20, max_capacity=7)
    enqueue_resize(client, event_snapshot(event), key="S" * 20, max_capacity=9)
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_commit")).run(event.pk)
    Event.objects.filter(pk=event.pk).update(max_capacity=30)
    drain.run(event.pk)
    event.refresh_from_db()
    assert event.max_capacity == 30


def test_a_change_that_the_ledger_cannot_carry_out_delays_no_registration(
    make_event: Make, admit: Admit, drain: Drain
) -> None:
    event = make_event(max_capacity=5)
    enqueue_resize(drain.queue._client, event_snapshot(event), key="R" * 20, max_capacity=1_000_000_000)
    people(admit, event, 1)
    assert drain.run(event.pk) is Drained.IDLE
    assert statuses(event) == ["confirmed"]
    event.refresh_from_db()
    assert event.max_capacity == 5


def test_the_database_refuses_a_free_seat_beside_a_waitlist(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2)
    people(admit, event, 2)
    drain.run(event.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(max_capacity=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(confirmed_count=0)


def test_moments_of_decisions_only_grow_whatever_the_clock_says(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event()
    people(admit, event, 1)
    drain.run(event.pk)
    ahead = event.end_time.replace(microsecond=5000)
    Event.objects.filter(pk=event.pk).update(decided_at=ahead)
    people(admit, event, 1, first=5)
    drain.run(event.pk)
    moments = list(Registration.objects.filter(event=event).order_by("id").values_list("decided_at", flat=True))
    assert moments[0] < ahead < moments[1]


def test_a_waitlist_of_a_cancelled_event_does_not_move(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2)
    people(admit, event, 3)
    drain.run(event.pk)
    Event.objects.filter(pk=event.pk).update(cancelled_at=event.start_time)
    enqueue_closing(drain.queue._client, event_snapshot(event), key="C" * 20)
    drain.run(event.pk)
    assert {(status, reason) for status, reason, _ in told(event)} == {("cancelled", "event_cancelled")}
    assert not Registration.objects.filter(event=event, revision__gt=2).exists()
