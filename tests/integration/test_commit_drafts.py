"""A batch that was planned before its turn is written as it was planned only if the event is what was expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

import events.ledger.commit
from events.admission.replies import AdmitReply
from events.domain.commands import Cancellation, Command, Request
from events.domain.times import from_ms
from events.domain.webhooks.stored import unpack
from events.ledger.commit import Batch, commit_batch
from events.ledger.decision_log.entry_maker import EntryMaker
from events.ledger.draft import draft_batch
from events.ledger.plan import Plan
from events.ledger.queries import event_snapshot
from events.ledger.write import Committed
from events.models import DecisionLog, Event, MessageBatch, Registration
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
FIRST, SECOND = range(1, 3), range(3, 6)


def request(number: int, *, email: str = "") -> Request:
    address = email or f"guest{number}@example.com"
    return Request(tickets.mint(), f"Guest {number}", address, address, number, 1)


def commit(event: Event, commands: list[Command], draft: Plan | None = None) -> Committed:
    return commit_batch(event.pk, Batch(commands=commands, draft=draft, digest=tickets.email_digest))


def commit_before(event: Event, commands: list[Command]) -> None:
    """Commits a second ago: a draft that was made by now is later."""
    commit(event, commands)
    Event.objects.filter(pk=event.pk).update(decided_at=timezone.now() - timedelta(seconds=1))


def draft_of(event: Event, commands: list[Command], *, ahead: int) -> Plan | None:
    """The log has been begun by then: a drain drafts behind its first batch."""
    event.refresh_from_db()
    begun = {"origin": "example.org", "key": b"", "mailbox_key": bytes(32), "size": 0, "frontier": b"", "terms": b""}
    log, _ = DecisionLog.objects.get_or_create(event=event, defaults=begun)
    Event.objects.filter(pk=event.pk).update(has_log=True)
    maker = EntryMaker(event.pk, bytes(log.mailbox_key))
    return draft_batch(commands, event=event_snapshot(event), ahead=ahead, maker=maker)


def statuses(event: Event) -> list[str]:
    return list(Registration.objects.filter(event=event).order_by("sequence").values_list("status", flat=True))


def test_a_draft_that_expected_the_batch_before_it_is_written_as_it_is(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    first, second = [list(map(request, numbers)) for numbers in (FIRST, SECOND)]
    draft = draft_of(event, second, ahead=2)
    commit_before(event, first)
    assert draft is not None
    done = commit(event, second, draft)
    assert done.outcomes is draft.outcomes
    assert statuses(event) == ["confirmed"] * 5
    event.refresh_from_db()
    assert (event.confirmed_count, event.last_sequence, event.decided_at) == (5, 5, draft.now)


@pytest.mark.parametrize("capacity", [pytest.param(9, id="seats left"), pytest.param(5, id="sold out by it")])
def test_the_event_log_has_the_messages_of_a_draft(make_event: Make, capacity: int) -> None:
    event = make_event(max_capacity=capacity)
    first, second = [list(map(request, numbers)) for numbers in (FIRST, SECOND)]
    draft = draft_of(event, second, ahead=2)
    commit_before(event, first)
    commit(event, second, draft)
    assert draft is not None
    row = MessageBatch.objects.get(event_id=event.pk, size__gt=2)
    told = [(message.type, message.ticket_key) for message in unpack(bytes(row.messages), row.size)]
    confirmed = [("registration.confirmed", one.key) for one in second]
    assert told == (confirmed if capacity > 5 else [*confirmed, ("event.sold_out", "")])
    assert (bytes(row.messages) == draft.packed) == (capacity > 5)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"max_capacity": 4}, id="fewer seats"),
        pytest.param({"max_capacity": 9}, id="more seats"),
        pytest.param({"waitlist_capacity": 1}, id="a longer waitlist"),
        pytest.param({"confirmed_count": 1}, id="a seat that was not taken"),
        pytest.param({"cancelled_at": timezone.now()}, id="cancelled"),
        pytest.param({"decided_at": timezone.now() + timedelta(hours=1)}, id="a later decision"),
        pytest.param({"end_time": from_ms(2), "start_time": from_ms(1)}, id="over sooner"),
    ],
)
def test_a_draft_that_expected_something_else_is_not_written(make_event: Make, change: dict[str, Any]) -> None:
    drafted, plain = make_event(max_capacity=5), make_event(max_capacity=5)
    first, second = [list(map(request, numbers)) for numbers in (FIRST, SECOND)]
    draft = draft_of(drafted, second, ahead=2)
    assert draft is not None
    for event in (drafted, plain):
        commit_before(event, first)
        Event.objects.filter(pk=event.pk).update(**change)
    done = commit(drafted, second, draft)
    commit(plain, second)
    assert done.outcomes is not draft.outcomes
    assert statuses(drafted) == statuses(plain)
    drafted.refresh_from_db()
    plain.refresh_from_db()
    assert drafted.confirmed_count == plain.confirmed_count
    assert drafted.decided_at >= change.get("decided_at", draft.now)


def test_a_draft_for_another_log_is_not_written(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    first, second = [list(map(request, numbers)) for numbers in (FIRST, SECOND)]
    draft = draft_of(event, second, ahead=2)
    assert draft is not None
    DecisionLog.objects.filter(pk=event.pk).update(mailbox_key=bytes([1]) * 32)
    commit_before(event, first)
    assert commit(event, second, draft).outcomes is not draft.outcomes
    assert statuses(event) == ["confirmed"] * 5


def test_a_draft_with_a_seat_that_the_ledger_has_already_decides_the_rest_again(make_event: Make) -> None:
    event = make_event(max_capacity=9)
    first = [request(1, email="guest@example.com")]
    second = [request(2, email="guest@example.com"), request(3)]
    draft = draft_of(event, second, ahead=1)
    commit_before(event, first)
    commit(event, second, draft)
    assert draft is not None
    assert statuses(event) == ["confirmed", "rejected", "confirmed"]


def test_a_draft_with_an_entry_that_cannot_be_stored_costs_only_that_entry(make_event: Make) -> None:
    event = make_event(max_capacity=9)
    poison = msgspec.structs.replace(request(4), name="Guest\0")
    second = [request(3), poison, request(5)]
    draft = draft_of(event, second, ahead=2)
    commit_before(event, list(map(request, FIRST)))
    commit(event, second, draft)
    assert draft is not None
    # SQLite stores any text; PostgreSQL does not.
    stored = poison.name in Registration.objects.filter(event=event).values_list("name", flat=True)
    assert statuses(event) == ["confirmed"] * 3 + ["confirmed" if stored else "rejected", "confirmed"]


def test_a_drain_drafts_full_batches_while_the_one_before_is_written(
    make_event: Make, admit: Callable[..., AdmitReply], drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, held = make_event(max_capacity=30), []
    drafted = events.ledger.commit._drafted
    monkeypatch.setattr(events.ledger.commit, "_drafted", lambda *args: held.append(drafted(*args)) or held[-1])
    admit(event.pk, [apply_for(n) for n in range(30)])
    replace(drain, batch=3).run(event.pk)
    assert any(held)
    assert statuses(event) == ["confirmed"] * 30


def test_only_registrations_with_a_seat_for_each_are_drafted(make_event: Make) -> None:
    event = make_event(max_capacity=5)
    second = list(map(request, SECOND))
    assert draft_of(event, second, ahead=2)
    assert draft_of(event, second, ahead=3) is None
    assert draft_of(event, [*second[:2], Cancellation(second[0].key, 6)], ahead=2) is None
    Event.objects.filter(pk=event.pk).update(cancelled_at=timezone.now())
    assert draft_of(event, second, ahead=2) is None
