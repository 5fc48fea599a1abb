"""The organizer adds a guest: in turn in the event's queue, also while the door is closed, and beyond the capacity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis

from events.domain.scopes import Scope
from events.models import AuditEntry, Event, OrganizerToken, Registration, TicketType
from events.secrets import tickets
from events.services.added_guests import NewGuest, name_guest
from tests.support.in_process.api import ANYONE, Caller, create, organizer
from tests.support.in_process.drain import Crash, crash_at, make_drain, make_queue
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

GUEST = {"name": "Guest 1", "email": "guest1@example.org"}


@pytest.fixture
def drain(redis_client: redis.Redis) -> Drain:
    """A drain with the service's own secrets, as its workers have."""
    return replace(make_drain(make_queue(redis_client)), digest=tickets().email_digest)


def guest(number: int, **more: Any) -> dict[str, Any]:
    return {"name": f"Guest {number}", "email": f"guest{number}@example.org", **more}


def add(caller: Caller, event_id: int, body: Any, **headers: str) -> tuple[int, Any]:
    answer = caller.post(f"/events/{event_id}/attendees", body, **headers)
    return answer.status_code, answer.json()


def told(event_id: int) -> list[tuple[str, int, str]]:
    rows = Registration.objects.filter(event_id=event_id).order_by("sequence")
    return list(rows.values_list("name", "quantity", "status"))


def capacity(event_id: int) -> int:
    return Event.objects.get(pk=event_id).max_capacity


def test_a_guest_is_added_with_the_answer_of_a_registration(caller: Caller, drain: Drain) -> None:
    event_id = create(caller)
    answer = caller.post(f"/events/{event_id}/attendees", GUEST)
    data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["position"]) == (202, "queued", 1)
    assert answer["Location"] == data["status_url"] == f"/registrations/{data['ticket_id']}"
    assert int(answer["Retry-After"]) > 0
    drain.run(event_id)
    assert told(event_id) == [("Guest 1", 1, "confirmed")]
    assert tickets().parse(data["ticket_id"]) == (event_id, Registration.objects.get().ticket_key)
    assert AuditEntry.objects.filter(action="guest_added").count() == 1


@pytest.mark.parametrize(
    "state",
    [
        {"registration_opens_at": "2029-01-01T00:00:00Z", "start_time": "2029-02-01T00:00:00Z"},
        {"registration_closes_at": "2020-01-02T00:00:00Z", "registration_opens_at": "2020-01-01T00:00:00Z"},
        "pause",
    ],
    ids=["not open", "closed", "paused"],
)
def test_the_door_s_times_do_not_bind_the_organizer(caller: Caller, drain: Drain, state: Any) -> None:
    event_id = create(caller)
    if state == "pause":
        assert caller.post(f"/events/{event_id}/pause").status_code == 200
    else:
        Event.objects.filter(pk=event_id).update(**{"end_time": "2029-03-01T00:00:00Z", **state})
    assert add(caller, event_id, GUEST)[0] == 202
    drain.run(event_id)
    assert told(event_id) == [("Guest 1", 1, "confirmed")]


def test_without_room_the_guest_is_refused_and_beyond_the_capacity_the_event_grows(
    caller: Caller, drain: Drain
) -> None:
    event_id = create(caller, max_capacity=1)
    assert [add(caller, event_id, guest(number))[0] for number in range(2)] == [202, 202]
    drain.run(event_id)
    assert told(event_id) == [("Guest 0", 1, "confirmed"), ("Guest 1", 1, "rejected")]
    status, refused = add(caller, event_id, guest(2))
    assert (status, refused["code"]) == (409, "sold_out")
    assert add(caller, event_id, guest(2, beyond_capacity=True))[0] == 202
    drain.run(event_id)
    assert told(event_id)[2:] == [("Guest 2", 1, "confirmed")]
    assert capacity(event_id) == 2


def test_only_what_is_missing_is_added_and_seats_kept_for_the_waitlist_stay_kept(caller: Caller, drain: Drain) -> None:
    event_id = create(caller, max_capacity=3, max_quantity=3, waitlist_capacity=9)
    assert add(caller, event_id, guest(0, quantity=2))[0] == 202
    # One seat is free: a group beyond the capacity needs one more.
    assert add(caller, event_id, guest(1, quantity=2, beyond_capacity=True))[0] == 202
    assert add(caller, event_id, guest(2, quantity=3))[0] == 202
    drain.run(event_id)
    assert (capacity(event_id), told(event_id)[2]) == (4, ("Guest 2", 3, "waitlisted"))
    first = Registration.objects.get(name="Guest 0")
    path = f"/events/{event_id}/attendees/{tickets().ticket_id(event_id=event_id, key=first.ticket_key)}"
    assert caller.send("DELETE", path).status_code == 202
    # Two seats are free and kept for the group of three.
    assert add(caller, event_id, guest(3, beyond_capacity=True))[0] == 202
    drain.run(event_id)
    assert (capacity(event_id), told(event_id)[2:]) == (5, [("Guest 2", 3, "waitlisted"), ("Guest 3", 1, "confirmed")])


def test_a_ticket_type_grows_alone(caller: Caller, drain: Drain) -> None:
    types = [{"name": name, "capacity": 1, "max_quantity": 2} for name in ("Floor", "Balcony")]
    event_id = create(caller, ticket_types=types, max_capacity=2)
    floor, balcony = TicketType.objects.order_by("rank").values_list("pk", flat=True)
    status, refused = add(caller, event_id, GUEST)
    assert (status, list(refused["errors"])) == (400, ["ticket_type"])
    assert add(caller, event_id, guest(1, ticket_type=balcony, quantity=2))[1]["errors"]
    assert add(caller, event_id, guest(1, ticket_type=balcony, quantity=2, beyond_capacity=True))[0] == 202
    drain.run(event_id)
    sizes = dict(TicketType.objects.values_list("pk", "capacity"))
    assert (sizes, capacity(event_id)) == ({floor: 1, balcony: 2}, 3)


def test_an_address_that_has_a_ticket_is_refused(caller: Caller, drain: Drain) -> None:
    event_id = create(caller)
    assert add(caller, event_id, GUEST)[0] == 202
    for _ in range(2):
        status, refused = add(caller, event_id, {**GUEST, "email": "GUEST1@example.org", "beyond_capacity": True})
        assert (status, refused["code"]) == (409, "duplicate_registration")
        drain.run(event_id)
    assert told(event_id) == [("Guest 1", 1, "confirmed")]


def test_the_same_idempotency_key_adds_one_guest_also_where_the_first_answer_was_never_stored(
    caller: Caller, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = create(caller)
    key = {"idempotency-key": "one"}

    def crash(*args: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch, pytest.raises(Crash):
        patch.setattr("events.api.idempotency.ledger.keep", crash)
        add(caller, event_id, GUEST, **key)
    first = add(caller, event_id, GUEST, **key)
    assert first[0] == 202
    drain.run(event_id)
    assert add(caller, event_id, GUEST, **key) == first
    assert add(caller, event_id, guest(2), **key)[1]["code"] == "idempotency_key_reused"
    assert told(event_id) == [("Guest 1", 1, "confirmed")]


@pytest.mark.parametrize(("said", "kept"), [("de-AT", "de"), ("ja", "ja"), ("tlh", ""), ("", ""), (None, "")])
def test_a_guest_s_mails_are_in_the_language_that_the_organizer_says(
    caller: Caller, drain: Drain, said: str | None, kept: str
) -> None:
    event_id = create(caller)
    assert add(caller, event_id, {**GUEST, "language": said})[0] == 202
    drain.run(event_id)
    assert Registration.objects.get().language == kept


def test_a_guest_s_language_does_not_count_for_which_ticket_it_is() -> None:
    english, german = (NewGuest(**GUEST, language=code) for code in ("en", "de"))
    assert name_guest(7, english, idempotency_key="one") == name_guest(7, german, idempotency_key="one")


def test_a_drain_that_dies_behind_its_commit_adds_no_second_seat(caller: Caller, drain: Drain) -> None:
    event_id = create(caller, max_capacity=1)
    for number in range(2):
        assert add(caller, event_id, guest(number, beyond_capacity=True))[0] == 202
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_commit")).run(event_id)
    drain.run(event_id)
    assert (capacity(event_id), told(event_id)) == (2, [("Guest 0", 1, "confirmed"), ("Guest 1", 1, "confirmed")])


def test_after_the_end_or_a_cancellation_no_one_is_added(caller: Caller) -> None:
    cancelled, over = create(caller), create(caller)
    assert caller.post(f"/events/{cancelled}/cancel").status_code == 200
    assert add(caller, cancelled, {**GUEST, "beyond_capacity": True})[1]["code"] == "registration_closed"
    Event.objects.filter(pk=over).update(start_time="2020-01-01T00:00Z", end_time="2020-01-02T00:00Z")
    assert add(caller, over, {**GUEST, "beyond_capacity": True})[1]["code"] == "event_over"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "no"}, "email"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 21}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": 2}, "quantity"),
        ({"ticket_type": 7001}, "ticket_type"),
        ({"beyond_capacity": "true"}, "beyond_capacity"),
        ({"language": 7}, "language"),
    ],
)
def test_bad_input_is_refused_with_its_field(caller: Caller, wrong: dict[str, Any], field: str) -> None:
    status, refused = add(caller, create(caller), {**GUEST, **wrong})
    assert (status, refused["code"], list(refused["errors"])) == (400, "invalid", [field])


def test_only_a_full_token_of_the_organizer_adds_a_guest(caller: Caller) -> None:
    path = f"/events/{create(caller)}/attendees"
    assert ANYONE.post(path, GUEST).status_code == 401
    assert caller.organizer
    reader = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.READ))
    assert reader.post(path, GUEST).status_code == 403
    assert organizer("other").post(path, GUEST).json()["code"] == "event_not_found"
