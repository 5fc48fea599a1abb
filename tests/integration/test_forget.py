"""What is left of people and of past events, in both stores."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import redis
from django.core.management import CommandError, call_command

from events.admission.calls import CancelRequest
from events.admission.replies import AdmitReply
from events.domain.attendee import email_key
from events.ledger.queries import event_snapshot
from events.management.commands import forget
from events.models import Event, Registration
from events.secrets import tickets
from events.services.commands import resize, sizes_of
from omnify.common import replicas
from tests.support.in_process.api import attend, create, organizer
from tests.support.in_process.events import let_it_be_over
from tests.support.in_process.gate import apply_for, with_gate
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *args: str, email: str = "") -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(email + "\n"))
    call_command("forget", *args)
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.fixture
def forgetting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    return lambda *args, email="": run(monkeypatch, capsys, *args, email=email)


def people(event: Event) -> set[tuple[str, str]]:
    return set(Registration.objects.filter(event=event).values_list("name", "email"))


def test_of_an_events_whole_life_nothing_is_left_in_redis(
    make_event: Make,
    admit: Admit,
    drain: Drain,
    redis_client: redis.Redis,
    servers: Services,
    forgetting: Callable[..., str],
) -> None:
    before = set(redis_client.scan_iter())
    event = make_event(max_capacity=2, waitlist_capacity=2)
    applications = [apply_for(n) for n in range(6)]
    admit(event.pk, applications)
    with_gate(servers, lambda gate: gate.cancel(event.pk, [CancelRequest(applications[0].key, held_in_ledger=False)]))
    drain.run(event.pk)
    resize(event, sizes_of(event, {"max_capacity": 3}))
    drain.run(event.pk)
    with_gate(servers, lambda gate: gate.note_lost(event.pk, "L" * 20, 99))
    during = set(redis_client.scan_iter()) - before
    assert len(during) >= 4
    let_it_be_over(event)
    assert forgetting("--days", "30") == "Forgotten: 6 registrations of 1 events."
    # The broker's own keys are Celery's, which a worker empties.
    left = {name for name in set(redis_client.scan_iter()) - before if b"{event:" in name}
    assert left == set()


def test_people_of_past_events_are_forgotten_and_all_counts_stay(
    make_event: Make, admit: Admit, drain: Drain, forgetting: Callable[..., str]
) -> None:
    past, recent = make_event(max_capacity=2), make_event(max_capacity=2)
    for event in (past, recent):
        admit(event.pk, [apply_for(n) for n in range(3)])
        drain.run(event.pk)
    let_it_be_over(past, days=31)
    let_it_be_over(recent, days=29)
    counts = list(Registration.objects.filter(event=past).order_by("id").values_list("status", "reason", "sequence"))
    assert forgetting("--days", "30") == "Forgotten: 3 registrations of 1 events."
    assert people(past) == {("", "")}
    assert not Registration.objects.filter(event=past, email_key__contains="@").exists()
    assert len(people(recent)) == 3
    rows = Registration.objects.filter(event=past).order_by("id")
    assert list(rows.values_list("status", "reason", "sequence")) == counts
    past.refresh_from_db()
    assert (past.confirmed_count, past.rejected_counts) == (2, {"sold_out": 1})
    assert forgetting("--days", "30") == "Forgotten: 0 registrations of 0 events."


def test_many_rows_are_forgotten_in_parts(forgetting: Callable[..., str]) -> None:
    caller = organizer()
    event = Event.objects.get(pk=create(caller, max_capacity=5000))
    attend(event.pk, 2500)
    let_it_be_over(event)
    assert forgetting("--days", "30") == "Forgotten: 2500 registrations of 1 events."
    assert people(event) == {("", "")}


def test_an_event_with_a_queue_is_left_for_later(
    make_event: Make, admit: Admit, drain: Drain, forgetting: Callable[..., str]
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    let_it_be_over(event)
    with pytest.raises(CommandError, match="still have a queue"):
        forgetting("--days", "30")
    drain.run(event.pk)
    assert len(people(event)) == 1
    assert forgetting("--days", "30") == "Forgotten: 1 registrations of 1 events."


def test_nothing_is_called_forgotten_that_a_replica_may_still_have(
    make_event: Make,
    admit: Admit,
    drain: Drain,
    forgetting: Callable[..., str],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The store of the tests has no replica, so one that is asked for is away."""
    event = make_event()
    admit(event.pk, [service_application(1)])
    drain.run(event.pk)
    let_it_be_over(event)
    monkeypatch.setattr(forget, "TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(replicas, "WAIT_MS", 20)
    alone = settings.ENV
    settings.ENV = replace(alone, queue_replicas=1)
    for options in (("--email",), ("--days", "30")):
        with pytest.raises(CommandError, match="too few replicas"):
            forgetting(*options, email="guest1@example.com")
        assert people(event) != {("", "")}
    settings.ENV = alone
    assert forgetting("--days", "30") == "Forgotten: 1 registrations of 1 events."


def test_without_a_number_of_days_nothing_is_forgotten(forgetting: Callable[..., str], settings: Any) -> None:
    settings.ENV = replace(settings.ENV, retention_days=None)  # RETENTION_DAYS=off
    for args, complaint in (((), "After how many days"), (("--days", "-1"), "from 0 to 36500")):
        with pytest.raises(CommandError, match=complaint):
            forgetting(*args)


def test_one_person_is_forgotten_everywhere_and_gives_coming_seats_back(
    make_event: Make, admit: Admit, drain: Drain, working_drain: None, forgetting: Callable[..., str]
) -> None:
    past, coming = make_event(max_capacity=1), make_event(max_capacity=1, waitlist_capacity=3)
    for event in (past, coming):
        admit(event.pk, [service_application(n) for n in range(3)])
        drain.run(event.pk)
    let_it_be_over(past)
    said = forgetting("--email", email="GUEST0@example.com")
    assert said == "Forgotten: 2 registrations; tickets given back: 1."
    assert Registration.objects.filter(email__iexact="guest0@example.com").count() == 0
    assert Registration.objects.filter(email_key="guest0@example.com").count() == 0
    statuses = dict(Registration.objects.filter(event=coming).values_list("sequence", "status"))
    assert statuses == {1: "cancelled", 2: "confirmed", 3: "waitlisted"}
    past.refresh_from_db()
    assert past.confirmed_count == 1
    assert len(people(past)) == 3
    assert forgetting("--email", email="guest0@example.com") == "Forgotten: 0 registrations; tickets given back: 0."


def test_a_guest_who_is_still_queued_is_not_half_forgotten(
    make_event: Make, admit: Admit, forgetting: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forget, "TIMEOUT_SECONDS", 0.1)
    event = make_event()
    admit(event.pk, [service_application(1)])
    with pytest.raises(CommandError, match="still queued"):
        forgetting("--email", email="guest1@example.com")


def test_an_address_that_is_none_is_refused_without_repeating_it(forgetting: Callable[..., str]) -> None:
    with pytest.raises(CommandError) as caught:
        forgetting("--email", email="guest at example")
    assert "guest" not in str(caught.value)


def service_application(number: int) -> Any:
    """As the door of this service hands it in: with the digest that its own commands look for."""
    email = f"Guest{number}@example.com"
    holder = tickets().email_digest(email_key(email))
    from events.admission.entry import pack

    payload = pack(name="Guest", email=email, email_digest=holder)
    return msgspec.structs.replace(apply_for(number), email_digest=holder, payload=payload)


def test_a_forgotten_event_keeps_its_name(make_event: Make, forgetting: Callable[..., str]) -> None:
    event = make_event()
    let_it_be_over(event)
    forgetting("--days", "30")
    event.refresh_from_db()
    assert event_snapshot(event).name == "Evening"
