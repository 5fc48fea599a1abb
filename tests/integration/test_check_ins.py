"""A check-in is part of a ticket's state: it and a cancellation exclude each other, and the door shows it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis
from django.db import IntegrityError, connection, transaction

from events.admission.calls import CancelRequest
from events.admission.commands import enqueue_closing
from events.admission.keys import event_keys
from events.ledger import check_in as ledger
from events.ledger.check_in import CheckInResult
from events.ledger.queries import event_snapshot
from events.models import Event, Registration, WebhookDelivery
from omnify.loader import LedgerLoader
from tests.support.in_process.check_ins import give_back, let_in, path, take_back
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.drain import people, statuses, told
from tests.support.in_process.gate import with_gate
from tests.support.in_process.outbox import subscribe
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., Any]


def test_who_has_been_let_in_cannot_give_the_seat_back(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    [key, _] = people(admit, event, 2)
    drain.run(event.pk)
    assert let_in(event, key) is CheckInResult.ADMITTED

    async def scene(visitor: Visitor) -> None:
        _, _, ticket = await visitor.ask("GET", path(event, key))
        status, _, answer = await visitor.ask("DELETE", path(event, key))
        assert (status, answer["code"]) == (409, "already_checked_in")
        assert answer["errors"] == {"checked_in_at": [ticket["data"]["checked_in_at"]]}
        redis_client.delete(*event_keys(event.pk).decided)
        status, _, again = await visitor.ask("DELETE", path(event, key))
        assert (status, again) == (409, answer), "from the ledger"

    visit(servers, scene, loader=LedgerLoader(redis_client))
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "waitlisted"]


def test_a_cancellation_that_waits_behind_a_check_in_frees_no_seat(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    [key, _] = people(admit, event, 2)
    drain.run(event.pk)
    assert give_back(servers, event, key) == "admitted"
    assert let_in(event, key) is CheckInResult.ADMITTED
    assert give_back(servers, event, key) == "checked_in"
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "waitlisted"]
    assert let_in(event, key) is CheckInResult.ALREADY_IN


def test_a_cancelled_ticket_is_not_checked_in(make_event: Make, admit: Admit, drain: Drain, servers: Services) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    [key, waiting] = people(admit, event, 2)
    drain.run(event.pk)
    give_back(servers, event, key)
    drain.run(event.pk)
    assert (let_in(event, key), let_in(event, waiting)) == (CheckInResult.NO_SEAT, CheckInResult.ADMITTED)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for the whole database")
def test_of_a_check_in_and_a_cancellation_at_the_same_time_one_counts(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event(max_capacity=20, waitlist_capacity=20)
    keys = people(admit, event, 40)[:20]
    drain.run(event.pk)
    with_gate(servers, lambda gate: gate.cancel(event.pk, [CancelRequest(key, held_in_ledger=False) for key in keys]))
    together, entries = threading.Barrier(2), {}

    def work() -> None:
        together.wait(100)
        replace(drain, batch=1).run(event.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    together.wait(100)
    # From the other end of the queue, so that they meet.
    for key in reversed(keys):
        entries[key] = let_in(event, key)
    thread.join(60)
    drain.run(event.pk)
    rows = {row.ticket_key: row for row in Registration.objects.filter(event=event)}
    for key in keys:
        row = rows[key]
        assert (
            (entries[key] is CheckInResult.ADMITTED) == (row.status == "confirmed") == (row.checked_in_at is not None)
        )
    assert set(entries.values()) <= {CheckInResult.ADMITTED, CheckInResult.NO_SEAT}
    assert Registration.objects.filter(event=event, status="confirmed").count() == 20


def test_the_end_of_an_event_keeps_who_was_in_on_record(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event()
    keys = people(admit, event, 2)
    drain.run(event.pk)
    let_in(event, keys[0])
    Event.objects.filter(pk=event.pk).update(cancelled_at=event.start_time)
    enqueue_closing(drain.queue._client, event_snapshot(event), key="C" * 20)
    drain.run(event.pk)
    assert {(status, reason) for status, reason, _ in told(event)} == {("cancelled", "event_cancelled")}
    event.refresh_from_db()
    assert event.checked_in_count == 1

    async def scene(visitor: Visitor) -> None:
        shown = [(await visitor.ask("GET", path(event, key)))[2]["data"]["checked_in_at"] for key in keys]
        assert shown[0] is not None
        assert shown[1] is None

    visit(servers, scene)
    assert (let_in(event, keys[0]), take_back(event, keys[0])) == (CheckInResult.NO_SEAT, CheckInResult.NO_SEAT)


def test_the_database_holds_it_too(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    let_in(event, key)
    row = Registration.objects.filter(event=event)
    for change in (
        {"status": "cancelled", "reason": "by_holder"},
        {"status": "cancelled", "reason": "by_organizer"},
        {"status": "waitlisted"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**change)
    assert row.update(status="cancelled", reason="event_cancelled") == 1


def test_after_an_undoing_the_seat_can_be_given_back(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    let_in(event, key)
    take_back(event, key)
    assert give_back(servers, event, key) == "admitted"
    drain.run(event.pk)
    assert told(event)[0][:2] == ("cancelled", "by_holder")


def test_check_ins_are_no_decisions_a_second(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    before = redis_client.hgetall(event_keys(event.pk).rates)
    let_in(event, key)
    assert redis_client.hgetall(event_keys(event.pk).rates) == before


def test_webhooks_hear_of_a_check_in_and_of_its_undoing(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event()
    webhook = subscribe(event, types=["registration.checked_in", "registration.updated"])
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    # Each twice, of which the second changes nothing.
    assert [let_in(event, key) for _ in range(2)] == [CheckInResult.ADMITTED, CheckInResult.ALREADY_IN]
    assert [take_back(event, key) for _ in range(2)] == [CheckInResult.UNDONE, CheckInResult.NOT_IN]
    rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("pk")
    found = [(row.type, row.revision, row.checked_in_at is not None) for row in rows]
    assert found == [("registration.checked_in", 2, True), ("registration.updated", 3, False)]


def test_a_check_in_and_its_message_are_written_together(
    make_event: Make, admit: Admit, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)

    def fail(*args: Any, **kwargs: Any) -> int:
        raise RuntimeError

    monkeypatch.setattr(ledger, "write_check_in_messages", fail)
    with pytest.raises(RuntimeError):
        let_in(event, key)
    assert Registration.objects.get(event=event).checked_in_at is None
