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
from events.domain.tickets import ticket_ref
from events.ledger import check_in as ledger
from events.ledger.check_in import CheckInResult
from events.ledger.queries import event_snapshot
from events.models import Event, Registration, WebhookDelivery
from events.services import check_ins
from omnify.loader import LedgerLoader
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.drain import Crash, crash_at, make_queue, told
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kinds, with_gate
from tests.support.in_process.outages import redis_out_of_reach
from tests.support.in_process.outbox import subscribe
from tests.support.servers import Services
from worker.drain import Drain
from worker.repair import republish

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., Any]


def people(admit: Admit, event: Event, drain: Drain, count: int) -> list[str]:
    applications = [apply_for(n) for n in range(count)]
    admit(event.pk, applications)
    drain.run(event.pk)
    return [application.key for application in applications]


def let_in(event: Event, key: str) -> CheckInResult:
    return check_ins.check_in(event_id=event.pk, key=key, organizer_id=event.organizer_id).result


def take_back(event: Event, key: str) -> CheckInResult:
    return check_ins.undo_check_in(event_id=event.pk, ref=ticket_ref(key), organizer_id=event.organizer_id).result


def give_back(servers: Services, event: Event, key: str) -> str:
    requests = [CancelRequest(key, held_in_ledger=False)]
    [answer] = kinds(with_gate(servers, lambda gate: gate.cancel(event.pk, requests)))
    return answer


def path(event: Event, key: str) -> str:
    return f"/registrations/{tickets.ticket_id(event_id=event.pk, key=key)}"


def statuses(event: Event) -> list[str]:
    return [status for status, _, _ in told(event)]


def test_who_has_been_let_in_cannot_give_the_seat_back(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    [key, _] = people(admit, event, drain, 2)
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


def test_a_cancellation_that_waits_behind_a_check_in_moves_nobody(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    [key, _] = people(admit, event, drain, 2)
    assert give_back(servers, event, key) == "admitted"
    assert let_in(event, key) is CheckInResult.ADMITTED
    assert give_back(servers, event, key) == "checked_in"
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "waitlisted"]
    assert let_in(event, key) is CheckInResult.ALREADY_IN


def test_a_ticket_that_was_given_back_lets_nobody_in(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    [key, waiting] = people(admit, event, drain, 2)
    give_back(servers, event, key)
    drain.run(event.pk)
    assert (let_in(event, key), let_in(event, waiting)) == (CheckInResult.NO_SEAT, CheckInResult.ADMITTED)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for the whole database")
def test_of_a_check_in_and_a_cancellation_at_the_same_time_one_counts(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event(max_capacity=20, waitlist_capacity=20)
    keys = people(admit, event, drain, 40)[:20]
    with_gate(servers, lambda gate: gate.cancel(event.pk, [CancelRequest(key, held_in_ledger=False) for key in keys]))
    together, entries = threading.Barrier(2), {}

    def work() -> None:
        together.wait(30)
        replace(drain, batch=1).run(event.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    together.wait(30)
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
    keys = people(admit, event, drain, 2)
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
    [key] = people(admit, event, drain, 1)
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


def test_the_door_shows_a_check_in_and_its_undoing_at_once(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event()
    [key] = people(admit, event, drain, 1)

    async def scene(visitor: Visitor) -> list[tuple[str, Any]]:
        _, headers, answer = await visitor.ask("GET", path(event, key))
        return [(headers["etag"], answer["data"]["checked_in_at"])]

    [(before, nobody)] = visit(servers, scene)
    let_in(event, key)
    [(inside, moment)] = visit(servers, scene)
    row = Registration.objects.get(event=event)
    assert row.checked_in_at and moment == row.checked_in_at.isoformat(timespec="milliseconds")
    assert take_back(event, key) is CheckInResult.UNDONE
    assert visit(servers, scene) == [(before, nobody)]
    assert len({before, inside}) == 2
    assert take_back(event, key) is CheckInResult.NOT_IN
    assert let_in(event, key) is CheckInResult.ADMITTED
    event.refresh_from_db()
    assert event.checked_in_count == 1


def test_after_an_undoing_the_seat_can_be_given_back(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event()
    [key] = people(admit, event, drain, 1)
    let_in(event, key)
    take_back(event, key)
    assert give_back(servers, event, key) == "admitted"
    drain.run(event.pk)
    assert told(event)[0][:2] == ("cancelled", "by_holder")


def shown(servers: Services, event: Event, key: str) -> str | None:
    async def scene(visitor: Visitor) -> Any:
        return (await visitor.ask("GET", path(event, key)))[2]["data"]["checked_in_at"]

    found: str | None = visit(servers, scene)
    return found


def test_a_check_in_that_redis_was_not_shown_is_shown_by_the_sweep(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    [key] = people(admit, event, drain, 1)
    with redis_out_of_reach():
        assert let_in(event, key) is CheckInResult.ADMITTED
    assert shown(servers, event, key) is None
    assert republish(make_queue(redis_client), redis_client, [event.pk], digest=tickets.email_digest) == 1
    assert shown(servers, event, key) is not None
    assert republish(make_queue(redis_client), redis_client, [event.pk], digest=tickets.email_digest) == 0


def test_a_check_in_hides_no_decision_that_a_dead_drain_has_not_shown(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    """The drain dies between commit and publish; then a check-in is published whose moment is later."""
    event = make_event(max_capacity=2, waitlist_capacity=1)
    keys = people(admit, event, drain, 3)
    give_back(servers, event, keys[0])
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_commit")).run(event.pk)
    let_in(event, keys[1])
    assert shown(servers, event, keys[1]) is not None
    redis_client.delete(event_keys(event.pk).queue)  # nothing names the one who moved up
    assert republish(make_queue(redis_client), redis_client, [event.pk], digest=tickets.email_digest) == 1

    async def scene(visitor: Visitor) -> list[str]:
        return [(await visitor.ask("GET", path(event, key)))[2]["data"]["status"] for key in keys]

    assert visit(servers, scene) == ["cancelled", "confirmed", "confirmed"]


def test_check_ins_are_no_decisions_a_second(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    [key] = people(admit, event, drain, 1)
    before = redis_client.hgetall(event_keys(event.pk).rates)
    let_in(event, key)
    assert redis_client.hgetall(event_keys(event.pk).rates) == before


def test_webhooks_hear_of_a_check_in_and_of_its_undoing(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event()
    webhook = subscribe(event, types=["registration.checked_in", "registration.updated"])
    [key] = people(admit, event, drain, 1)
    let_in(event, key)
    let_in(event, key)
    take_back(event, key)
    rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("pk")
    found = [(row.type, row.revision, row.checked_in_at is not None) for row in rows]
    assert found == [("registration.checked_in", 2, True), ("registration.updated", 3, False)]


def test_a_check_in_and_its_message_are_written_together(
    make_event: Make, admit: Admit, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event()
    [key] = people(admit, event, drain, 1)

    def fail(*args: Any, **kwargs: Any) -> int:
        raise RuntimeError

    monkeypatch.setattr(ledger, "write_check_in_messages", fail)
    with pytest.raises(RuntimeError):
        let_in(event, key)
    assert Registration.objects.get(event=event).checked_in_at is None
