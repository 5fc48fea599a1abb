"""The draw of an event in the API: what is taken, what is refused, and from when it is fixed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.domain.times import iso_of
from events.models import Draw, Event
from tests.support.in_process.api import Caller, attend, create, organizer
from tests.support.in_process.drain import people

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def draws(at: datetime, **more: Any) -> dict[str, Any]:
    return {"admission": "draw", "draw_at": at.isoformat(), **more}


def change(caller: Caller, event_id: int, **fields: Any) -> Any:
    return caller.patch(f"/events/{event_id}", fields)


def problem(answer: Any) -> tuple[int, list[str]]:
    return answer.status_code, sorted(answer.json()["errors"] or {})


def test_an_event_has_a_draw_if_it_says_so_and_no_one_else_pays_for_it() -> None:
    caller, at = organizer(), timezone.now().replace(microsecond=0) + HOUR
    event_id = create(caller, **draws(at))
    shown = caller.get(f"/events/{event_id}").json()["data"]
    named = ("admission", "draw_at", "draw_state", "entered_count", "registration_state")
    assert [shown[name] for name in named] == ["draw", iso_of(at), "open", 0, "open"]
    event = Event.objects.get(pk=event_id)
    assert event.has_log
    draw = Draw.objects.get(pk=event_id)
    assert (len(draw.secret), draw.round) == (32, None)
    other = caller.get(f"/events/{create(caller)}").json()["data"]
    assert [other[name] for name in named] == ["first_come", None, None, 0, "open"]
    assert Draw.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"admission": "draw"}, ["draw_at"]),
        ({"admission": "lottery"}, ["admission"]),
        ({"draw_at": (timezone.now() + HOUR).isoformat()}, ["draw_at"]),
        (draws(timezone.now() - HOUR), ["draw_at"]),
        (draws(timezone.now() + timedelta(days=4000)), ["draw_at"]),
        (draws(timezone.now() + HOUR, registration_opens_at=(timezone.now() + 2 * HOUR).isoformat()), ["draw_at"]),
    ],
)
def test_a_draw_that_could_not_be_held_is_refused(fields: dict[str, Any], blamed: list[str]) -> None:
    caller = organizer()
    assert problem(change(caller, create(caller), **fields)) == (400, blamed)


def test_a_draw_moves_comes_and_goes_until_the_first_registration(
    admit: Callable[..., Any], redis_client: redis.Redis
) -> None:
    caller, at = organizer(), timezone.now().replace(microsecond=0) + HOUR
    event_id = create(caller)
    assert change(caller, event_id, **draws(at)).json()["data"]["draw_at"] == iso_of(at)
    secret = Draw.objects.get(pk=event_id).secret
    assert change(caller, event_id, draw_at=iso_of(at + HOUR)).json()["data"]["draw_at"] == iso_of(at + HOUR)
    gone = change(caller, event_id, admission="first_come").json()["data"]
    assert (gone["admission"], gone["draw_at"], gone["draw_state"]) == ("first_come", None, None)
    assert change(caller, event_id, **draws(at)).status_code == 200
    assert Draw.objects.get(pk=event_id).secret == secret
    people(admit, Event.objects.get(pk=event_id), 1)
    for fields in ({"draw_at": iso_of(at + HOUR)}, {"admission": "first_come"}):
        assert problem(change(caller, event_id, **fields)) == (409, ["draw_at"])
    assert change(caller, event_id, name="Evening", **draws(at)).status_code == 200


def test_the_start_stays_behind_the_draw() -> None:
    caller, at = organizer(), timezone.now() + 5 * HOUR
    event_id = create(caller, **draws(at))
    assert problem(change(caller, event_id, start_time=iso_of(at - HOUR))) == (400, ["start_time"])


def test_an_event_that_has_given_seats_gets_no_draw() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    assert problem(change(caller, event_id, **draws(timezone.now() + HOUR))) == (409, ["draw_at"])


def test_a_copy_has_a_draw_of_its_own_that_moves_with_the_start() -> None:
    caller, at = organizer(), timezone.now().replace(microsecond=0) + HOUR
    event_id = create(caller, **draws(at))
    start = Event.objects.get(pk=event_id).start_time
    copy = caller.post(f"/events/{event_id}/duplicate", {"start_time": iso_of(start + timedelta(days=7))}).json()[
        "data"
    ]
    assert (copy["admission"], copy["draw_at"]) == ("draw", iso_of(at + timedelta(days=7)))
    first, second = (Draw.objects.get(pk=one).secret for one in (event_id, copy["id"]))
    assert first != second
    without = caller.post(f"/events/{event_id}/duplicate", {"admission": "first_come"}).json()["data"]
    assert (without["admission"], without["draw_at"]) == ("first_come", None)
    Event.objects.filter(pk=event_id).update(draw_at=timezone.now() - HOUR)
    assert problem(caller.post(f"/events/{event_id}/duplicate", {})) == (400, ["draw_at"])


def test_an_event_with_a_draw_that_no_one_has_entered_can_be_deleted() -> None:
    caller = organizer()
    event_id = create(caller, **draws(timezone.now() + HOUR))
    assert caller.send("DELETE", f"/events/{event_id}").status_code == 200
    assert not Draw.objects.exists()
