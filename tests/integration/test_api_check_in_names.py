"""Check-ins that a device has named: told twice and undone by that name, however wrong the device's clock is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.domain.times import iso_of
from events.models import Registration
from tests.support.in_process.api import organizer
from tests.support.in_process.groups import group_of, inside

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
# A clock behind the seat's confirmation, one that goes right, and one that is ahead of the service's.
WRONG = (-400 * DAY, -timedelta(minutes=5), 400 * DAY)


class Door:
    """An event and a group of so many, who have had their seats since yesterday."""

    def __init__(self, people: int) -> None:
        self.caller = organizer()
        self.event_id, self.code, _ = group_of(self.caller, people)
        Registration.objects.update(confirmed_at=timezone.now() - DAY)

    @property
    def path(self) -> str:
        return f"/events/{self.event_id}/check-ins"

    def enter(self, name: str, clock: timedelta, people: int | None = None) -> Any:
        sent = {"code": self.code, "check_in_id": name, "checked_in_at": iso_of(timezone.now() + clock)}
        return self.caller.post(self.path, sent | ({"quantity": people} if people else {}))

    def undo(self, query: str = "") -> Any:
        reference = Registration.objects.get().ticket_key[:8]
        return self.caller.send("DELETE", f"{self.path}/{self.event_id}-{reference}{query}")

    @property
    def inside(self) -> int:
        return inside(self.caller, self.event_id)


@pytest.mark.parametrize("clock", WRONG)
def test_a_device_is_known_by_its_name_for_the_check_in_whatever_its_clock_says(clock: timedelta) -> None:
    door = Door(1)
    first = door.enter("one", clock)
    assert (first.status_code, door.inside) == (200, 1)
    again = door.enter("one", clock + timedelta(seconds=1))
    assert (again.status_code, again.json()["data"]) == (200, first.json()["data"]), "its answer was lost"
    assert door.enter("other", clock).status_code == 409, "another device"
    undone = door.undo("?check_in_id=one").json()
    assert (undone["data"]["checked_in_at"], undone["message"], door.inside) == (None, "The check-in is undone.", 0)


@pytest.mark.parametrize("clock", WRONG)
def test_a_part_is_taken_back_alone_though_all_parts_have_one_time(clock: timedelta) -> None:
    door = Door(4)
    assert [door.enter(name, clock, 2).status_code for name in ("one", "two")] == [200, 200]
    assert (door.undo("?check_in_id=one").json()["data"]["checked_in_quantity"], door.inside) == (2, 2)
    again = door.undo("?check_in_id=one").json()
    assert (again["message"], door.inside) == ("The ticket has no such check-in: nothing is undone.", 2)
    assert (door.enter("two", clock, 2).status_code, door.inside) == (200, 2), "the same part, told again"
    assert (door.undo().json()["data"]["checked_in_at"], door.inside) == (None, 0)


def test_a_name_and_no_time_is_a_check_in_of_now() -> None:
    door = Door(1)
    before = iso_of(timezone.now())
    found = door.caller.post(door.path, {"code": door.code, "check_in_id": "one"}).json()["data"]
    assert before <= found["checked_in_at"] <= iso_of(timezone.now())
    assert door.undo("?check_in_id=one").json()["data"]["checked_in_at"] is None


@pytest.mark.parametrize("name", ["", "a b", "é", "x" * 65])
def test_a_name_that_is_none_is_refused_and_lets_no_one_in(name: str) -> None:
    door = Door(1)
    answer = door.enter(name, timedelta())
    assert (answer.status_code, list(answer.json()["errors"]), door.inside) == (400, ["check_in_id"], 0)
