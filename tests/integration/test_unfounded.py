"""A promoted standby that lacks the last commits: what was published of them is taken back, and nothing is oversold."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.core.management import call_command
from django.core.management.base import CommandError

from events.admission.commands import enqueue_cancellation
from events.admission.heartbeat import note_history
from events.admission.keys import LEDGER, event_keys
from events.admission.queue import Queue
from events.domain.times import from_ms
from events.ledger.database import database
from events.ledger.queries import event_snapshot
from events.models import Event
from tests.support.in_process.drain import answer_for, counters, people, shown, statuses, told
from tests.support.in_process.events import commits_that_the_standby_lacks, stored_version, tickets
from tests.support.in_process.gate import apply_for, kind, kinds
from tests.support.in_process.metrics import lost_tickets
from tests.support.servers import Services
from worker.drain import Drain, Drained
from worker.sweep import Sweep

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., Any]


@pytest.fixture
def sweep(redis_client: redis.Redis, queue: Queue) -> Sweep:
    return Sweep(
        client=redis_client, queue=queue, wake=lambda event_id: None, digest=tickets.email_digest, worker="tests"
    )


def test_seats_are_not_given_away_before_their_holders_are_told(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=4)
    [kept] = people(admit, event, 1)
    drain.run(event.pk)
    with commits_that_the_standby_lacks(event):
        gone = people(admit, event, 2, first=1)
        drain.run(event.pk)
        assert {kind(answer_for(servers, event, key)) for key in gone} == {"decided"}
    new = _queued(admit, event, 9)
    counted = lost_tickets("database")
    assert drain.run(event.pk) is Drained.MORE
    assert lost_tickets("database") == counted + 2
    assert {kind(answer_for(servers, event, key)) for key in gone} == {"unknown"}
    assert set(redis_client.hkeys(event_keys(event.pk).lost)) == {key.encode() for key in gone}
    assert shown(servers, event, kept) == ("confirmed", 1)
    assert told(event) == [("confirmed", "", 1)]
    event.refresh_from_db()
    assert stored_version(redis_client, event.pk) == event.version
    assert drain.run(event.pk) is Drained.IDLE
    assert shown(servers, event, new) == ("confirmed", 1)
    # Those who were lost may come again, and take their turn.
    assert kinds(admit(event.pk, [apply_for(1), apply_for(2), apply_for(0)])) == ["admitted", "admitted", "duplicate"]
    drain.run(event.pk)
    assert statuses(event) == ["confirmed"] * 4


def _queued(admit: Admit, event: Event, number: int) -> str:
    """Registers a guest while the door still has the copy of before."""
    application = apply_for(number)
    admit(event.pk, [application])
    return application.key


@pytest.mark.parametrize("by_organizer", [False, True], ids=["the holder's", "the organizer's"])
def test_a_cancellation_that_the_ledger_lacks_is_carried_out_again(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis, by_organizer: bool
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    first, second = people(admit, event, 2)
    drain.run(event.pk)
    with commits_that_the_standby_lacks(event):
        enqueue_cancellation(redis_client, event_snapshot(event), key=first, by_organizer=by_organizer)
        drain.run(event.pk)
        assert (shown(servers, event, first), shown(servers, event, second)) == (("cancelled", 2), ("confirmed", 2))
    # The time for giving back has passed meanwhile, and the first cancellation was in time.
    Event.objects.filter(pk=event.pk).update(cancel_until=from_ms(1))
    people(admit, event, 1, first=7)
    assert drain.run(event.pk) is Drained.MORE
    assert (shown(servers, event, first), shown(servers, event, second)[0]) == (("confirmed", 1), "waitlisted")
    assert drain.run(event.pk) is Drained.IDLE
    assert (shown(servers, event, first), shown(servers, event, second)) == (("cancelled", 2), ("confirmed", 2))
    assert told(event)[0][:2] == ("cancelled", "by_organizer" if by_organizer else "by_holder")
    assert counters(event)[0] == 1


def test_the_sweep_finds_an_event_that_nothing_is_queued_for(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, servers: Services
) -> None:
    event = make_event()
    with commits_that_the_standby_lacks(event):
        [gone] = people(admit, event, 1)
        drain.run(event.pk)
    sweep.once()
    assert kind(answer_for(servers, event, gone)) == "unknown"


def test_a_promotion_is_noticed_although_the_new_primary_has_been_written_to(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    with commits_that_the_standby_lacks(event):
        [gone] = people(admit, event, 1)
        drain.run(event.pk)
    published_ms = int(redis_client.hget(event_keys(event.pk).state, "shown") or 0)
    Event.objects.filter(pk=event.pk).update(version=50, decided_at=from_ms(published_ms + 1000))
    if servers.database != "postgres":
        pytest.skip("SQLite has no standby")
    sweep.once()
    assert kind(answer_for(servers, event, gone)) == "decided"
    note_history(redis_client, "another server")
    sweep.once()
    assert kind(answer_for(servers, event, gone)) == "unknown"
    assert redis_client.get(LEDGER) == database().read_history().encode()


def test_reconcile_lists_published_tickets_that_the_ledger_lacks(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event()
    with commits_that_the_standby_lacks(event):
        gone = people(admit, event, 2)
        drain.run(event.pk)
    for _ in range(2):
        out = io.StringIO()
        with pytest.raises(CommandError, match="2 tickets are lost"):
            call_command("reconcile", event=event.pk, stdout=out)
        assert all(f"{event.pk}-{key}" in out.getvalue() for key in gone)
        drain.take_back(event.pk)


def test_taking_back_twice_changes_nothing_and_never_touches_what_the_ledger_holds(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, give_back: Callable[..., Any]
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2)
    keys = people(admit, event, 3)
    give_back(event, keys[0])
    drain.run(event.pk)
    before = [shown(servers, event, key) for key in keys]
    for _ in range(2):
        drain.take_back(event.pk)
        assert [shown(servers, event, key) for key in keys] == before
    assert drain.run(event.pk) is Drained.IDLE
