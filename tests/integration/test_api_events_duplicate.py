"""A copy of an event: what is as before, what is new, and which times are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.domain.times import iso_of
from events.models import Event
from tests.support.in_process.api import ANYONE, Caller, attend, create, organizer
from tests.support.in_process.events import let_it_be_over

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2031, 5, 1, 18, tzinfo=UTC)
WEEK = timedelta(days=7)
TIMES = {
    "start_time": START,
    "end_time": START + timedelta(hours=4),
    "registration_opens_at": START - timedelta(days=3),
    "registration_closes_at": START + timedelta(hours=1),
}


def event_of(caller: Caller) -> int:
    times = {name: moment.isoformat() for name, moment in TIMES.items()}
    return create(caller, name="Club night", max_capacity=7, waitlist_capacity=3, **times)


def duplicate(caller: Caller, event_id: int, **changes: Any) -> Any:
    return caller.post(f"/events/{event_id}/duplicate", changes)


def times_of(event_id: int) -> dict[str, datetime]:
    return Event.objects.filter(pk=event_id).values(*TIMES).get()


def test_a_new_start_moves_all_times_and_the_copy_is_an_empty_draft() -> None:
    caller = organizer()
    event_id = event_of(caller)
    attend(event_id, 2)
    answer = duplicate(caller, event_id, start_time=(START + WEEK).isoformat())
    data = answer.json()["data"]
    assert (answer.status_code, answer["Location"]) == (201, f"/events/{data['id']}")
    assert data["id"] != event_id
    assert (data["name"], data["max_capacity"], data["waitlist_capacity"]) == ("Club night", 7, 3)
    assert (data["visibility"], data["confirmed_count"], data["revision"]) == ("draft", 0, 0)
    assert times_of(data["id"]) == {name: moment + WEEK for name, moment in TIMES.items()}
    assert times_of(event_id) == TIMES


def test_what_is_sent_is_different_and_the_close_follows_the_end_it_was_at() -> None:
    caller = organizer()
    event_id = create(caller)
    end = (timezone.now() + timedelta(days=31)).replace(microsecond=0)
    data = duplicate(caller, event_id, name="Other", visibility="public", end_time=end.isoformat()).json()["data"]
    assert (data["name"], data["visibility"]) == ("Other", "public")
    assert data["end_time"] == data["registration_closes_at"]
    assert times_of(data["id"])["start_time"] == times_of(event_id)["start_time"]


def test_the_time_until_which_tickets_come_back_moves_along() -> None:
    caller = organizer()
    event_id = event_of(caller)
    until = START - timedelta(hours=2)
    assert caller.patch(f"/events/{event_id}", {"cancel_until": until.isoformat()}).status_code == 200
    copies = [
        duplicate(caller, event_id, start_time=(START + WEEK).isoformat(), **sent).json()["data"]["cancel_until"]
        for sent in ({}, {"cancel_until": START.isoformat()}, {"cancel_until": None})
    ]
    assert copies == [iso_of(until + WEEK), iso_of(START), iso_of(START + WEEK)]


def test_a_copy_of_an_event_that_is_over_needs_a_new_start() -> None:
    caller = organizer()
    event_id = event_of(caller)
    let_it_be_over(Event.objects.get(pk=event_id))
    for changes in ({}, {"start_time": (timezone.now() - timedelta(days=1)).isoformat()}):
        answer = duplicate(caller, event_id, **changes)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["start_time"])
    assert duplicate(caller, event_id, start_time=START.isoformat()).status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start_time", "9998-12-31T23:00:00Z"),
        ("start_time", "1970-01-02T00:00:00Z"),
        ("start_time", "soon"),
        ("end_time", "2031-05-01T18:00:00Z"),
        ("registration_closes_at", "2031-06-01T00:00:00Z"),
        ("max_capacity", 0),
        ("name", ""),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_made(field: str, value: Any) -> None:
    caller = organizer()
    answer = duplicate(caller, event_of(caller), **{field: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert Event.objects.count() == 1


def test_another_organizers_event_is_not_copied() -> None:
    event_id = event_of(organizer())
    assert duplicate(organizer("other"), event_id).status_code == 404
    assert duplicate(ANYONE, event_id).status_code == 401
    assert duplicate(organizer("third"), 999_999).status_code == 404
