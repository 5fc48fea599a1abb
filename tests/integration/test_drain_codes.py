"""What the drain counts of access codes: with each place that is given and lost, exactly once, through every crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.ledger.person import registrations_of
from events.ledger.retention import anonymise_event
from events.models import AccessCode, Event, Registration
from tests.support.in_process.codes import counted, give_codes, published, queued, used, with_code
from tests.support.in_process.drain import Crash, crash_at, told
from tests.support.in_process.gate import kinds
from tests.support.in_process.holds import drain_at, expirer, hold
from worker.drain import Drain
from worker.failpoints import DrainFailpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]
Give = Callable[..., list[Any]]


def test_a_place_counts_and_what_is_rejected_or_given_back_does_not(
    make_event: Make, admit: Admit, give_back: Give, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code", max_capacity=3, waitlist_capacity=1, max_quantity=2)
    give_codes(redis_client, event, "SPRING", uses=9)
    asked = [with_code(event, n, "SPRING", quantity=quantity) for n, quantity in enumerate((2, 1, 1, 1))]
    assert set(kinds(admit(event.pk, asked))) == {"admitted"}
    drain.run(event.pk)
    assert [status for status, *_ in told(event)] == ["confirmed", "confirmed", "waitlisted", "rejected"]
    assert counted(redis_client, event) == ([4], [4], {})
    give_back(event, asked[0].key)
    give_back(event, asked[2].key)
    drain.run(event.pk)
    drain.run(event.pk)
    assert counted(redis_client, event) == ([1], [1], {})
    assert list(Registration.objects.filter(event=event).values_list("access_code_id", flat=True).distinct()) == [
        AccessCode.objects.get().pk
    ]


def test_a_code_is_good_again_as_soon_as_its_ticket_has_lost_its_place(
    make_event: Make, admit: Admit, give_back: Give, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING")
    first, second, third = (with_code(event, n, "SPRING") for n in range(3))
    assert kinds(admit(event.pk, [first, second])) == ["admitted", "code_invalid"]
    drain.run(event.pk)
    give_back(event, first.key)
    assert kinds(admit(event.pk, [second])) == ["code_invalid"]  # not before its turn
    drain.run(event.pk)
    assert kinds(admit(event.pk, [second, third])) == ["admitted", "code_invalid"]


@pytest.mark.parametrize("failpoint", ["drain.before_commit", "drain.after_commit", "drain.after_publish"])
def test_a_drain_that_dies_counts_each_use_once(
    failpoint: DrainFailpoint,
    make_event: Make,
    admit: Admit,
    give_back: Give,
    redis_client: redis.Redis,
    drain: Drain,
) -> None:
    event = make_event(access="code")
    [code] = give_codes(redis_client, event, "SPRING", uses=3)
    asked = [with_code(event, n, "SPRING") for n in range(3)]
    assert set(kinds(admit(event.pk, asked))) == {"admitted"}
    for work in (lambda: None, lambda: give_back(event, asked[0].key)):
        work()
        with pytest.raises(Crash):
            replace(drain, checkpoint=crash_at(failpoint)).run(event.pk)
        redis_client.delete(event_keys(event.pk).lease)
        # Whatever is done of it so far, no more and no fewer than three are let in.
        [decided], [known], waiting = counted(redis_client, event)
        assert known + waiting.get(code, 0) in (decided, 3)
        late = kinds(admit(event.pk, [with_code(event, "late", "SPRING")]))
        assert late == (["admitted"] if decided < 3 and known < 3 and not waiting else ["code_invalid"])
        drain.run(event.pk)
    assert used(event) == published(redis_client, event)
    assert queued(redis_client, event) == {}
    assert used(event)[0] <= 3


def test_a_ticket_that_was_admitted_before_its_code_was_revoked_keeps_its_place(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING")
    assert kinds(admit(event.pk, [with_code(event, 1, "SPRING")])) == ["admitted"]
    AccessCode.objects.update(revoked_at=timezone.now(), opens_at=timezone.now() + timedelta(days=1), revision=2)
    drain.run(event.pk)
    assert told(event)[0][:2] == ("confirmed", "")


def test_the_ledger_lets_no_more_in_than_a_code_is_for_whatever_redis_admitted(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code", max_quantity=2)
    [code] = give_codes(redis_client, event, "SPRING", uses=2)
    asked = [with_code(event, 0, "SPRING")]
    assert kinds(admit(event.pk, asked)) == ["admitted"]
    # As after a failover to a server that had not heard of it.
    redis_client.hdel(event_keys(event.pk).pending, f"k{code}")
    assert kinds(admit(event.pk, [with_code(event, 1, "SPRING", quantity=2)])) == ["admitted"]
    redis_client.hdel(event_keys(event.pk).pending, f"k{code}")
    assert kinds(admit(event.pk, [with_code(event, 2, "SPRING")])) == ["admitted"]
    drain.run(event.pk)
    assert [(status, reason) for status, reason, _ in told(event)] == [
        *(("confirmed", ""), ("rejected", "registration_closed"), ("confirmed", ""))
    ]
    assert counted(redis_client, event) == ([2], [2], {})


def test_the_database_refuses_what_a_code_is_not_for(make_event: Make, redis_client: redis.Redis) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING", uses=2)
    for columns in ({"used_count": 3}, {"used_count": -1}, {"uses": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccessCode.objects.update(**columns)
    twin = AccessCode.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessCode.objects.create(event=event, digest=twin.digest, changed_at=timezone.now())


def test_a_cancelled_event_gives_all_uses_back(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    from events.admission.commands import enqueue_closing
    from events.ledger.queries import event_snapshot
    from tests.support.in_process.events import tickets

    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING", uses=5)
    assert set(kinds(admit(event.pk, [with_code(event, n, "SPRING") for n in range(4)]))) == {"admitted"}
    drain.run(event.pk)
    assert kinds(admit(event.pk, [with_code(event, 4, "SPRING")])) == ["admitted"]
    event.refresh_from_db()
    event.cancelled_at = timezone.now()
    event.save(update_fields=["cancelled_at"])
    enqueue_closing(redis_client, event_snapshot(event), key=tickets.mint())
    drain.run(event.pk)
    assert counted(redis_client, event) == ([0], [0], {})


def test_who_is_forgotten_leaves_no_trace_of_a_code_and_the_code_keeps_its_count(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code")
    [code] = give_codes(redis_client, event, "SPRING", uses=3)
    assert kinds(admit(event.pk, [with_code(event, 1, "SPRING")])) == ["admitted"]
    drain.run(event.pk)
    [kept] = registrations_of("guest1@example.com")
    assert kept["access_code_id"] == code
    anonymise_event(event.pk, now=timezone.now())
    assert Registration.objects.get(event=event).access_code_id is None
    assert used(event) == [1]


def test_a_hold_that_runs_out_gives_its_use_back(
    make_event: Make, admit: Admit, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code", **hold())
    give_codes(redis_client, event, "SPRING")
    first, second = (with_code(event, n, "SPRING") for n in range(2))
    assert kinds(admit(event.pk, [first])) == ["admitted"]
    drain_at(drain, redis_client, -60.5).run(event.pk)
    assert ([status for status, *_ in told(event)], used(event)) == (["held"], [1])
    assert expirer(redis_client).once() == 1
    drain.run(event.pk)
    assert [status for status, *_ in told(event)] == ["expired"]
    assert counted(redis_client, event) == ([0], [0], {})
    assert kinds(admit(event.pk, [second])) == ["admitted"]
