"""Expiries on their way into the queue: never early, never twice, and found again whatever is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis
from django.db import connection

from events.admission import hold_calls
from events.admission.commands import Expiries, enqueue_expiries
from events.admission.entry import pack_confirmation
from events.admission.hold_calls import ConfirmRequest, DueHold
from events.admission.hold_replies import ConfirmReply, NotHeld, decode_confirm
from events.admission.keys import DRAWS, EXPIRIES, event_keys
from events.admission.replies import AdmitReply
from events.admission.snapshots import put_snapshot
from events.domain.snapshot import EventSnapshot
from events.ledger.queries import event_snapshot
from events.ledger.tickets import taken_emails
from events.models import Event
from tests.support.in_process.drain import Crash, crash_at, people, statuses
from tests.support.in_process.draws import drawer
from tests.support.in_process.events import commits_that_the_standby_lacks
from tests.support.in_process.holds import confirm, drain_at, expirer, hold
from tests.support.servers import Services
from worker import expiries
from worker.drain import Drain
from worker.draws import Drawer
from worker.expiries import INTERVAL_SECONDS, PAUSE_SECONDS, Expirer
from worker.failpoints import Failpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def nothing() -> EventSnapshot | None:
    raise AssertionError("Redis has the event")


def test_none_is_put_into_the_queue_before_its_time_by_the_queues_clock(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(**hold())
    keys = people(admit, event, 2)
    drain.run(event.pk)
    now = drain.queue.now_ms(event.pk)
    holds = [DueHold(keys[0], now + 60_000), DueHold(keys[1], now)]
    assert enqueue_expiries(redis_client, nothing, event.pk, holds) == Expiries(1, wake=True, early=True)


def test_to_the_millisecond_by_the_queues_clock_a_hold_is_confirmed_before_its_end_and_ended_from_then_on(
    make_event: Make, drain: Drain, redis_client: redis.Redis
) -> None:
    """One call for each, of holds that end around the moment of the call, which it tells."""
    event = make_event(**hold())
    put_snapshot(redis_client, event_snapshot(event))
    keys, now = event_keys(event.pk), drain.queue.now_ms(event.pk)
    ends = {f"hold{ms:016}": ms for ms in range(now - 400, now + 1600)}
    asked = [ConfirmRequest(key, "", pack_confirmation(""), until_in_ledger=until) for key, until in ends.items()]
    times = {"state_ttl": 60, "wake_ttl": 1000}
    reply = decode_confirm(hold_calls.confirm(keys, confirmations=asked, deadline=0, **times).run(redis_client))
    assert isinstance(reply, ConfirmReply)
    admitted = {ends[one.key] for one, answer in zip(asked, reply.answers, strict=True) if answer != NotHeld()}
    assert admitted == {until for until in ends.values() if until > reply.now_ms}
    redis_client.delete(keys.queue)
    due = [DueHold(key, until) for key, until in ends.items()]
    assert hold_calls.expire(keys, holds=due[:1000], **times).run(redis_client)[0] > 0
    queued = {entry.key: entry.requested_ms for entry in drain.queue.head(event.pk, count=1)}
    [stamp] = set(queued.values())
    assert {ends[key] for key in queued} == {until for _, until in due[:1000] if until <= stamp}


def test_a_worker_that_dies_while_it_ends_holds_leaves_time_for_another_to_end_them_within_two_seconds(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(**hold())
    people(admit, event, 1)
    drain_at(drain, redis_client, -61).run(event.pk)
    expirer(redis_client, worker="one").once()
    assert 0 < redis_client.pttl(EXPIRIES) + INTERVAL_SECONDS * 1000 < 2000


class OneLook(threading.Event):
    """Set by the first wait, so that a thread's loop ends behind its first look."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def test_only_the_worker_that_has_the_claim_keeps_a_connection_and_none_for_more_than_a_minute(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    first = expirer(redis_client)
    monkeypatch.setattr(first, "_clock", lambda: now)
    first.run(OneLook())
    first.run(OneLook())
    assert connection.connection is not None
    now += 61
    first.run(OneLook())
    assert connection.connection is None
    first.run(OneLook())
    redis_client.set(EXPIRIES, "another", px=60_000)
    first.run(OneLook())
    assert connection.connection is None


def test_in_each_interval_one_worker_looks_for_draws(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Drawer] = []
    monkeypatch.setattr(Drawer, "once", lambda self: looks.append(self) or 0)
    first, second = drawer(redis_client), drawer(redis_client)
    first.run(OneLook())
    redis_client.pexpire(DRAWS, 60_000)
    second.run(OneLook())
    redis_client.delete(DRAWS)
    second.run(OneLook())
    assert looks == [first, second]


@pytest.mark.parametrize("lost", ["the entries", "all of Redis"])
def test_what_is_lost_on_the_way_is_found_again(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, lost: str
) -> None:
    event = make_event(**hold())
    people(admit, event, 3)
    drain_at(drain, redis_client, -61).run(event.pk)
    ending, keys = expirer(redis_client), event_keys(event.pk)
    assert (ending.once(), ending.once()) == (3, 0)
    redis_client.delete(*([keys.queue, keys.wake] if lost == "the entries" else keys.all()))
    assert expirer(redis_client).once() == 3
    drain.run(event.pk)
    assert statuses(event) == ["expired"] * 3


@pytest.mark.parametrize("failpoint", ["drain.before_commit", "drain.after_commit", "drain.after_publish"])
def test_a_drain_that_dies_over_confirmations_and_expiries_loses_none_and_does_none_twice(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services, failpoint: Failpoint
) -> None:
    event = make_event(max_capacity=2, waitlist_capacity=1, **hold())
    keys = people(admit, event, 3)
    drain_at(drain, redis_client, -59).run(event.pk)
    confirm(servers, event, keys[0], "payment 1")
    ending = expirer(redis_client)
    while not ending.once():
        pass
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at(failpoint)).run(event.pk)
    ending.once()
    redis_client.delete(event_keys(event.pk).lease)
    drain.run(event.pk)
    event.refresh_from_db()
    assert (event.confirmed_count, event.held_count, event.waitlisted_count, event.expired_count) == (1, 1, 0, 1)
    assert statuses(event) == ["confirmed", "expired", "held"]


def test_many_that_end_at_once_are_queued_in_their_order_with_pauses_for_registrations(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiries, "AT_ONCE", 500)
    event = make_event(max_capacity=700, **hold())
    keys = people(admit, event, 700)
    drain_at(drain, redis_client, -61).run(event.pk)
    pauses: list[float] = []
    ending = Expirer(client=redis_client, wake=lambda event_id: None, worker="one", pause=pauses.append)
    assert (ending.once(), pauses) == (700, [PAUSE_SECONDS])
    queued = drain.queue.head(event.pk, count=1000)
    assert [(entry.key, entry.sequence) for entry in queued] == [(key, 701 + n) for n, key in enumerate(keys)]
    assert redis_client.xlen(event_keys(event.pk).queue) == 2
    assert expirer(redis_client, worker="two").once() == 0


def test_a_held_mailbox_is_taken_in_the_ledger_too(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event(**hold())
    people(admit, event, 1)
    drain.run(event.pk)
    assert taken_emails(event.pk, ["guest0@example.com", "guest1@example.com"]) == {"guest0@example.com"}


def test_a_confirmation_that_a_promoted_standby_lacks_is_carried_out_again(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event(**hold())
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    event.refresh_from_db()
    with commits_that_the_standby_lacks(event):
        confirm(servers, event, key)
        drain.run(event.pk)
        assert statuses(event) == ["confirmed"]
    assert statuses(event) == ["held"]
    people(admit, event, 1, first=5)
    drain.run(event.pk)
    drain.run(event.pk)
    assert statuses(event)[0] == "confirmed"
    assert event_snapshot(Event.objects.get(pk=event.pk)).held_count == 1
