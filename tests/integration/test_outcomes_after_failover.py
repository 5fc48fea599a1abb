"""Outcomes that the queue's server has lost are published again: it never stays behind the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis
from django.db.models import F
from django.utils import timezone

from events.admission import publication
from events.admission.commands import enqueue_cancellation, enqueue_closing, enqueue_resize
from events.admission.heartbeat import note_history
from events.admission.keys import STATE_TTL_SECONDS, event_keys
from events.admission.queue import Queue
from events.domain.times import to_ms
from events.ledger.check_in import check_in
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from tests.support.in_process.drain import make_drain, make_queue, people
from tests.support.in_process.events import let_it_be_over, open_event, tickets
from tests.support.in_process.gate import with_gate
from tests.support.in_process.lag import LosesTheFirstPart, Memory, held, make_sweep, shown
from tests.support.replicated_valkey import ReplicatedValkey
from tests.support.servers import Services
from worker.drain import Drain, Drained
from worker.failpoints import Failpoint
from worker.sweep import Sweep

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., Any]


@pytest.fixture
def pair_to_kill(db: None) -> Iterator[ReplicatedValkey]:
    servers = ReplicatedValkey().start()
    yield servers
    servers.close()


@pytest.fixture
def sweep(redis_client: redis.Redis, queue: Queue) -> Sweep:
    return make_sweep(redis_client, queue)


def let_in(queue: Queue, event: Event, key: str) -> None:
    """Checks a ticket in, and publishes that as the service does."""
    now, digest = timezone.now().replace(microsecond=0), tickets.email_digest
    update = check_in(event_id=event.pk, key=key, organizer_id=event.organizer_id, now=now, digest=digest).door_update
    assert update is not None
    queue.publish(event=update.event, outcomes=[update.outcome], counted=False, since_ms=update.published_before_ms)


def test_what_a_server_that_takes_over_lacks_is_published_with_the_next_sweep(pair_to_kill: ReplicatedValkey) -> None:
    """A cancellation and the promotion that follows, a resize, the end of an event, and a check-in at one that no drain
    looks at any more."""
    pair = pair_to_kill
    client, replica = pair.primary.client, pair.replicas[0]
    servers = cast(Services, SimpleNamespace(valkey=pair.primary.valkey))
    queue = make_queue(client)
    drain, sweep = make_drain(queue), make_sweep(client, queue)
    events = [open_event(client, max_capacity=1, waitlist_capacity=1) for _ in range(4)]
    given_back, grown, ended, entered = events
    first: dict[int, str] = {}
    for event in events:
        first[event.pk], _ = people(
            lambda event_id, guests: with_gate(servers, lambda gate: gate.admit(event_id, guests)), event, 2
        )
        drain.run(event.pk)
    let_it_be_over(entered)
    sweep.once()
    pair.wait_for_replica(replica)
    with pair.cut_off(replica):
        enqueue_cancellation(client, event_snapshot(given_back), key=first[given_back.pk])
        enqueue_resize(client, event_snapshot(grown), key="R" * 20, max_capacity=2)
        Event.objects.filter(pk=ended.pk).update(cancelled_at=timezone.now(), version=F("version") + 1)
        enqueue_closing(client, event_snapshot(ended), key="C" * 20)
        for event in (given_back, grown, ended):
            assert drain.run(event.pk) is Drained.IDLE
        let_in(queue, entered, first[entered.pk])
        assert [shown(client, event) for event in events] == [held(event) for event in events]
        pair.primary.kill()
    pair.take_over(replica)
    client.connection_pool.disconnect()
    assert [shown(client, event) == held(event) for event in events] == [False] * 4
    sweep.once()
    assert [shown(client, event) for event in events] == [held(event) for event in events]


def test_the_sweep_finds_what_was_never_published_of_an_event_with_an_empty_queue(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, redis_client: redis.Redis
) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    sweep.once()
    before = Memory(redis_client, event)
    let_in(drain.queue, event, key)
    before.bring_back()
    sweep.once()
    assert shown(redis_client, event) == held(event)


def test_a_drain_that_goes_on_with_a_server_that_took_over_hides_nothing(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, give_back: Callable[..., Any], redis_client: redis.Redis
) -> None:
    """It has read before how far the other one was, and what it publishes next is later than what is missing."""
    event = make_event(max_capacity=2)
    keys = people(admit, event, 2)
    drain.run(event.pk)
    sweep.once()
    before = Memory(redis_client, event)
    for key in keys:
        give_back(event, key)
    lost: list[Failpoint] = []

    def lose_the_first_publication(reached: Failpoint) -> None:
        if reached == "drain.after_publish" and not lost:
            lost.append(reached)
            before.bring_back()

    replace(drain, batch=1, checkpoint=lose_the_first_publication).run(event.pk)
    assert shown(redis_client, event)[keys[0]] == (1, "confirmed", None)
    sweep.once()
    assert shown(redis_client, event) == held(event)


def test_a_publication_of_which_the_server_has_lost_a_part_does_not_count(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, redis_client: redis.Redis, monkeypatch: Any
) -> None:
    event = make_event(max_capacity=3)
    people(admit, event, 3)
    drain.run(event.pk)
    sweep.once()
    before = Memory(redis_client, event)
    monkeypatch.setattr(publication, "PUBLISH_AT_ONCE", 1)
    Event.objects.filter(pk=event.pk).update(cancelled_at=timezone.now(), version=F("version") + 1)
    enqueue_closing(redis_client, event_snapshot(event), key="C" * 20)
    replace(drain, queue=Queue(cast(redis.Redis, LosesTheFirstPart(redis_client, before)))).run(event.pk)
    assert shown(redis_client, event) != held(event)
    sweep.once()
    assert shown(redis_client, event) == held(event)


def test_a_copy_that_is_as_new_as_the_ledger_is_compared_in_both_directions(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, redis_client: redis.Redis, servers: Services
) -> None:
    """After a promotion of the database all is compared, and then the copy says that all is published."""
    if servers.database != "postgres":
        pytest.skip("SQLite has no standby")
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    sweep.once()
    before = Memory(redis_client, event)
    let_in(drain.queue, event, key)
    version = redis_client.hget(event_keys(event.pk).state, "version")
    before.bring_back()
    redis_client.hset(event_keys(event.pk).state, "version", version or b"")
    note_history(redis_client, "another server")
    make_sweep(redis_client, drain.queue).once()
    assert shown(redis_client, event) == held(event)


def test_what_tells_how_far_an_event_is_published_lives_as_long_as_its_outcomes(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    """Also where the copy of an event that no one looked at for a week has gone."""
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    keys = event_keys(event.pk)
    for prepare in (lambda: redis_client.expire(keys.state, 100), lambda: redis_client.delete(keys.state)):
        prepare()
        Registration.objects.filter(event=event).update(checked_in_at=None)
        let_in(drain.queue, event, key)
        assert 100 < redis_client.ttl(keys.state) <= STATE_TTL_SECONDS
        event.refresh_from_db()
        assert event.decided_at is not None
        assert drain.queue.published(event.pk).published_ms == to_ms(event.decided_at)
        assert drain.queue.published(event.pk).version == event.version
