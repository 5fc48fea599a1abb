"""Creating, listing and changing events."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from events.models import Event
from tests.support.in_process.api import ANYONE, body, create, organizer
from tests.support.in_process.events import stored_version
from tests.support.in_process.outages import redis_out_of_reach

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_event_is_answered_in_full_with_its_address() -> None:
    times = {"start_time": "2031-05-01T12:00:00.1239+02:00", "end_time": "2031-05-01T14:00:00+02:00"}
    answer = organizer().post("/events", body(**times))
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert answer["Location"] == f"/events/{data['id']}"
    assert data["start_time"] == "2031-05-01T10:00:00.123+00:00"
    assert data["registration_closes_at"] == data["end_time"] == "2031-05-01T12:00:00.000+00:00"
    assert (data["seats_left"], data["confirmed_count"], data["waitlist_capacity"]) == (100, 0, 0)
    assert data["registration_state"] == "open"


def test_a_new_event_is_known_to_the_door_at_once(redis_client: redis.Redis) -> None:
    assert stored_version(redis_client, create(organizer())) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a" * 256),
        ("name", "nul\0"),
        ("name", 5),
        ("name", None),
        ("name", "\u200b"),
        ("name", "\u202egnp"),
        ("name", "one\u2028two"),
        ("location", "\n"),
        ("location", "\u3164\u2800"),
        ("max_capacity", 0),
        ("max_capacity", 10_000_001),
        ("max_capacity", 10**300),
        ("max_capacity", "10"),
        ("max_capacity", True),
        ("max_capacity", 1.5),
        ("start_time", "2031-05-01T12:00:00"),
        ("start_time", "soon"),
        ("start_time", 5),
        ("start_time", "9999-12-31T23:59:59-12:00"),
        ("start_time", "0001-01-01T00:00:00+12:00"),
        ("end_time", "2020-05-01T12:00:00Z"),
        ("registration_opens_at", "9000-01-01T00:00:00Z"),
        ("registration_closes_at", "2020-01-01T00:00:00Z"),
        ("waitlist_capacity", -1),
        ("waitlist_capacity", 10_000_001),
    ],
)
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    answer = organizer().post("/events", body(**{field: value}))
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "invalid"
    assert list(answer.json()["errors"]) == [field]
    assert not Event.objects.exists()


def test_every_missing_field_is_named() -> None:
    errors = organizer().post("/events", {}).json()["errors"]
    assert sorted(errors) == ["end_time", "location", "max_capacity", "name", "start_time"]


def test_creating_and_changing_need_a_token() -> None:
    for answer in (ANYONE.post("/events", body()), ANYONE.patch("/events/1", {})):
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_the_list_is_by_start_and_in_pages() -> None:
    caller = organizer()
    for day in (3, 1, 2):
        create(caller, name=str(day), start_time=f"2031-05-0{day}T10:00:00Z", end_time="2031-06-01T00:00:00Z")
    first = ANYONE.get("/events?page_size=2").json()["data"]
    assert [event["name"] for event in first["results"]] == ["1", "2"]
    assert (first["total_items"], first["total_pages"], first["previous_page"]) == (3, 2, None)
    second = ANYONE.get(first["next_page"]).json()["data"]
    assert [event["name"] for event in second["results"]] == ["3"]
    assert (second["current_page"], second["next_page"]) == (2, None)
    assert ANYONE.get(second["previous_page"]).json()["data"]["results"] == first["results"]


def test_the_list_and_the_new_event_show_the_same_object_but_for_the_description() -> None:
    made = organizer().post("/events", body()).json()["data"]
    [listed] = ANYONE.get("/events").json()["data"]["results"]
    assert {**listed, "description": ""} == made


def test_a_page_that_does_not_exist_is_404() -> None:
    for page in ("2", "0", "x", "9" * 30, "%00", "%ff"):
        answer = ANYONE.get(f"/events?page={page}")
        assert (answer.status_code, answer.json()["code"]) == (404, "invalid_page"), page


def test_a_change_grows_the_version_here_and_at_the_door(redis_client: redis.Redis) -> None:
    caller = organizer()
    event_id = create(caller)
    answer = caller.patch(f"/events/{event_id}", {"location": "Barn"})
    assert answer.json()["data"]["location"] == "Barn"
    assert Event.objects.get(pk=event_id).version == 2
    assert stored_version(redis_client, event_id) == 2


def test_a_change_of_nothing_changes_nothing() -> None:
    caller = organizer()
    event_id = create(caller)
    assert caller.patch(f"/events/{event_id}", {}).status_code == 200
    assert Event.objects.get(pk=event_id).version == 1


def test_counters_cannot_be_sent() -> None:
    caller = organizer()
    event_id = create(caller)
    caller.patch(f"/events/{event_id}", {"confirmed_count": 50, "version": 9, "name": "New"})
    event = Event.objects.get(pk=event_id)
    assert (event.name, event.confirmed_count, event.version) == ("New", 0, 2)


def test_the_end_moves_the_close_of_registration_with_it() -> None:
    caller = organizer()
    event_id = create(caller, start_time="2031-05-01T10:00:00Z", end_time="2031-05-01T11:00:00Z")
    data = caller.patch(f"/events/{event_id}", {"end_time": "2031-05-02T00:00:00Z"}).json()["data"]
    assert data["registration_closes_at"] == "2031-05-02T00:00:00.000+00:00"


def test_anothers_event_is_as_absent_as_none() -> None:
    event_id = create(organizer())
    other = organizer("other")
    for path in (f"/events/{event_id}", "/events/999999", "/events/abc", "/events/%00", f"/events/{'9' * 40}"):
        answer = other.patch(path, {"name": "Mine"})
        assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found"), path
    assert Event.objects.get(pk=event_id).name == "Concert"


def test_an_event_is_saved_while_redis_is_away(caplog: pytest.LogCaptureFixture) -> None:
    with redis_out_of_reach():
        event_id = create(organizer())
    assert Event.objects.filter(pk=event_id).exists()
    assert "event not published" in caplog.messages
