"""The organizer corrects a guest's name or e-mail: in its turn, and the old address may register again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.commands import enqueue_cancellation, enqueue_correction
from events.admission.entry import pack
from events.admission.queue import Queue
from events.admission.requests import AdmissionRequest
from events.domain.attendee import email_key
from events.domain.scopes import Scope
from events.domain.webhooks.message import status_told
from events.ledger.queries import event_snapshot
from events.ledger.retention import anonymise_event
from events.models import AuditEntry, Event, GuestCorrection, OrganizerToken, Registration, WebhookDelivery
from events.secrets import tickets
from events.services import check_ins
from events.services.republish import republish
from tests.support.in_process.api import ANYONE, Caller, create, organizer
from tests.support.in_process.drain import Crash, crash_at, make_drain, make_queue
from tests.support.in_process.gate import kinds
from tests.support.in_process.outbox import subscribe
from tests.support.waiting import wait_until
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)


def apply_as(email: str, name: str = "Guest") -> AdmissionRequest:
    """A registration as the door of this service hands it to the gate."""
    digest = tickets().email_digest(email_key(email))
    payload = pack(name=name, email=email, email_digest=digest, mark=tickets().mark)
    return AdmissionRequest(tickets().mint(), digest, "", payload)


@pytest.fixture
def service_drain(redis_client: redis.Redis) -> Drain:
    """A drain with the service's own secrets, as its workers have."""
    return replace(make_drain(make_queue(redis_client)), digest=tickets().email_digest)


@pytest.fixture
def event(caller: Caller, admit: Any, service_drain: Drain) -> Event:
    """Two seats and two positions on the waitlist, which guests 0 to 3 have."""
    event_id = create(caller, max_capacity=2, waitlist_capacity=2)
    admit(event_id, [apply_as(f"guest{number}@example.org", f"Guest {number}") for number in range(4)])
    service_drain.run(event_id)
    # Where another drain is at work, that one decides them.
    wait_until(lambda: Registration.objects.filter(event_id=event_id).count() == 4, "all are decided")
    return Event.objects.get(pk=event_id)


def rows(event: Event) -> list[Registration]:
    return list(Registration.objects.filter(event=event).order_by("sequence"))


def people(event: Event) -> list[tuple[str, str, str]]:
    return [(row.name, row.email, row.status) for row in rows(event)]


def path_of(event: Event, number: int) -> str:
    row = rows(event)[number]
    ticket_id = tickets().ticket_id(event_id=row.event_id, key=row.ticket_key, mark=row.mark)
    return f"/events/{event.pk}/attendees/{ticket_id}"


def correct(client: redis.Redis, event: Event, number: int, *, email: str, key: str = "C" * 20) -> None:
    """Enqueues a correction, as the API does, and does not wait for it."""
    row = rows(event)[number]
    digest = tickets().email_digest(email_key(email), row.mark)
    enqueue_correction(
        client, event_snapshot(event), key=key, ticket=row.ticket_key, name=None, email=email, digest=digest
    )


def can_register(admit: Any, event: Event, *emails: str) -> Sequence[str]:
    return kinds(admit(event.pk, [apply_as(email) for email in emails]))


@pytest.mark.usefixtures("working_drain")
def test_a_name_is_corrected_and_found_and_the_ticket_stays(caller: Caller, event: Event) -> None:
    hook, before = subscribe(event), rows(event)[0]
    answer = caller.patch(path_of(event, 0), {"name": " Zoë  Guest "})
    assert (answer.status_code, answer.json()["data"]["name"]) == (200, "Zoë  Guest")
    after = rows(event)[0]
    assert (after.ticket_key, after.sequence, after.status) == (before.ticket_key, before.sequence, "confirmed")
    assert (after.confirmed_at, after.email) == (before.confirmed_at, before.email)
    found = caller.get(f"/events/{event.pk}/attendees?search=zoe").json()["data"]["results"]
    assert [one["name"] for one in found] == ["Zoë  Guest"]
    assert AuditEntry.objects.filter(action="ticket_corrected").count() == 1
    assert [row.type for row in WebhookDelivery.objects.filter(webhook=hook)] == ["registration.updated"]


@pytest.mark.usefixtures("working_drain")
def test_the_old_address_may_register_again_and_the_new_one_cannot(caller: Caller, event: Event, admit: Any) -> None:
    caller.patch(f"/events/{event.pk}", {"waitlist_capacity": 9})
    assert can_register(admit, event, "guest0@example.org") == ["duplicate"]
    answer = caller.patch(path_of(event, 0), {"email": "New@Example.org"})
    assert (answer.status_code, answer.json()["data"]["email"]) == (200, "New@Example.org")
    assert can_register(admit, event, "guest0@example.org", "new@example.org") == ["admitted", "duplicate"]


@pytest.mark.usefixtures("working_drain")
def test_an_e_mail_that_another_live_ticket_has_is_refused(caller: Caller, event: Event) -> None:
    for holder in ("GUEST1@example.org", "guest3@example.org"):
        answer = caller.patch(path_of(event, 0), {"email": holder, "name": "Other"})
        assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_registration")
    assert people(event)[0] == ("Guest 0", "guest0@example.org", "confirmed")
    # The other spelling of one's own address is no other's.
    assert caller.patch(path_of(event, 0), {"email": "GUEST0@example.org"}).status_code == 200
    assert caller.send("DELETE", path_of(event, 1)).status_code == 202
    assert caller.patch(path_of(event, 0), {"email": "guest1@example.org"}).status_code == 200


@pytest.mark.usefixtures("working_drain")
def test_only_a_ticket_with_a_seat_or_a_position_is_corrected(caller: Caller, event: Event) -> None:
    hook = subscribe(event)
    assert caller.patch(path_of(event, 3), {"name": "Waiting"}).status_code == 200
    told = WebhookDelivery.objects.get(webhook=hook)
    assert (told.type, told.position) == ("registration.updated", 2)
    assert status_told(told.type, waits=told.position is not None, held=False) == "waitlisted"
    assert status_told(told.type, waits=False, held=False) == "confirmed"
    assert caller.send("DELETE", path_of(event, 2)).status_code == 202
    answer = caller.patch(path_of(event, 2), {"name": "Late"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_confirmed")


@pytest.mark.usefixtures("working_drain")
def test_one_who_has_been_let_in_can_be_corrected(caller: Caller, event: Event) -> None:
    check_ins.check_in(event_id=event.pk, key=rows(event)[0].ticket_key, organizer_id=event.organizer_id)
    assert caller.patch(path_of(event, 0), {"name": "Inside"}).json()["data"]["checked_in_at"]
    assert people(event)[0][0] == "Inside"


@pytest.mark.usefixtures("working_drain")
def test_after_the_end_no_one_is_corrected(caller: Caller, event: Event) -> None:
    Event.objects.filter(pk=event.pk).update(start_time="2020-01-01T00:00Z", end_time="2020-01-02T00:00Z")
    answer = caller.patch(path_of(event, 0), {"name": "Late"})
    assert (answer.status_code, answer.json()["code"]) == (409, "event_over")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "body"), ({"name": " "}, "name"), ({"email": "no"}, "email"), ({"name": 7}, "name"), ({"email": 7}, "email")],
)
def test_what_cannot_be_stored_is_refused_at_once(caller: Caller, event: Event, body: Any, field: str) -> None:
    answer = caller.patch(path_of(event, 0), body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert field in answer.json()["errors"]
    assert not GuestCorrection.objects.exists()


def test_only_a_full_token_of_the_organizer_corrects_a_guest(caller: Caller, event: Event) -> None:
    path, body = path_of(event, 0), {"name": "Other"}
    assert ANYONE.patch(path, body).status_code == 401
    assert caller.organizer
    reader = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.READ))
    assert reader.patch(path, body).status_code == 403
    assert organizer("other").patch(path, body).json()["code"] == "event_not_found"


@pytest.mark.parametrize("repaired_by", ["drain", "sweep"])
def test_after_a_drain_died_behind_its_commit_redis_catches_up(
    event: Event,
    admit: Any,
    service_drain: Drain,
    queue: Queue,
    redis_client: redis.Redis,
    repaired_by: str,
) -> None:
    Event.objects.filter(pk=event.pk).update(waitlist_capacity=9)
    correct(redis_client, event, 0, email="new@example.org")
    with pytest.raises(Crash):
        replace(service_drain, checkpoint=crash_at("drain.after_commit")).run(event.pk)
    assert people(event)[0][1] == "new@example.org"
    if repaired_by == "drain":
        service_drain.run(event.pk)
    else:
        republish(queue, redis_client, [event.pk], digest=tickets().email_digest)
    assert can_register(admit, event, "guest0@example.org", "new@example.org") == ["admitted", "duplicate"]
    service_drain.run(event.pk)
    assert rows(event)[0].revision == 2
    assert GuestCorrection.objects.count() == 1
    anonymise_event(event.pk, now=timezone.now())
    assert not GuestCorrection.objects.exclude(freed_digest="").exists()


def test_an_address_passes_from_guest_to_guest_in_one_batch(
    event: Event, admit: Any, service_drain: Drain, redis_client: redis.Redis
) -> None:
    correct(redis_client, event, 0, email="new@example.org", key="C" * 20)
    correct(redis_client, event, 1, email="guest0@example.org", key="D" * 20)
    correct(redis_client, event, 0, email="last@example.org", key="E" * 20)
    enqueue_cancellation(redis_client, event_snapshot(event), key=rows(event)[1].ticket_key)
    correct(redis_client, event, 2, email="guest0@example.org", key="F" * 20)
    service_drain.run(event.pk)
    assert [(email, status) for _, email, status in people(event)] == [
        ("last@example.org", "confirmed"),
        ("guest0@example.org", "cancelled"),
        ("guest0@example.org", "confirmed"),
        ("guest3@example.org", "waitlisted"),
    ]
    assert can_register(admit, event, "new@example.org", "guest2@example.org", "guest1@example.org") == ["admitted"] * 3
    assert can_register(admit, event, "guest0@example.org", "last@example.org") == ["duplicate"] * 2


def test_a_registration_is_corrected_in_the_batch_that_decides_it(
    caller: Caller, admit: Any, service_drain: Drain, redis_client: redis.Redis
) -> None:
    event = Event.objects.get(pk=create(caller, max_capacity=9))
    first = apply_as("first@example.org")
    admit(event.pk, [first])
    digest = tickets().email_digest("new@example.org", tickets().mark)
    fields: dict[str, Any] = {"name": "New", "email": "new@example.org", "digest": digest}
    enqueue_correction(redis_client, event_snapshot(event), key="C" * 20, ticket=first.key, **fields)
    service_drain.run(event.pk)
    assert people(event) == [("New", "new@example.org", "confirmed")]
    assert can_register(admit, event, "first@example.org", "new@example.org") == ["admitted", "duplicate"]
