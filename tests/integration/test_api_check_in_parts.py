"""Parts of a group that devices without a network have let in: told later, told twice, told by two, and taken back."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.domain.times import iso_of
from events.models import Registration
from tests.support.in_process.api import Caller
from tests.support.in_process.groups import group_of, inside

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def group(caller: Caller) -> tuple[int, str]:
    """An event, and the code of a group of four who have their seats since yesterday."""
    event_id, code, _ = group_of(caller, 4)
    Registration.objects.update(confirmed_at=timezone.now() - timedelta(days=1))
    return event_id, code


def ago(minutes: int) -> str:
    return iso_of(timezone.now() - timedelta(minutes=minutes))


def enter(caller: Caller, group: tuple[int, str], people: int, at: str) -> tuple[int, Any]:
    """The status, and how many are in by the answer; the errors of a refusal."""
    sent = {"code": group[1], "quantity": people, "checked_in_at": at}
    answer = caller.post(f"/events/{group[0]}/check-ins", sent)
    found = answer.json()
    return answer.status_code, found["data"]["checked_in_quantity"] if answer.status_code == 200 else found["errors"]


def left(caller: Caller, event_id: int) -> list[int]:
    """What the list for devices without a network says."""
    answer = caller.get(f"/events/{event_id}/check-ins/offline")

    async def collected() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    return list(json.loads(asyncio.run(collected()))["data"]["tickets"].values())


def test_of_two_devices_that_let_in_more_than_there_are_the_second_is_told(
    caller: Caller, group: tuple[int, str]
) -> None:
    first, second = ago(20), ago(10)
    assert left(caller, group[0]) == [4]
    assert enter(caller, group, 3, first) == (200, 3)
    assert left(caller, group[0]) == [1]
    assert enter(caller, group, 2, second) == (409, {"checked_in_at": [first]})
    assert (inside(caller, group[0]), left(caller, group[0])) == (3, [1])


def test_a_part_that_is_told_twice_counts_once_whatever_came_in_between(caller: Caller, group: tuple[int, str]) -> None:
    one, two = ago(20), ago(10)
    assert [enter(caller, group, 1, one), enter(caller, group, 1, two)] == [(200, 1), (200, 2)]
    assert [enter(caller, group, 1, one), enter(caller, group, 1, two)] == [(200, 2), (200, 2)]
    assert enter(caller, group, 2, ago(5)) == (200, 4)
    assert [enter(caller, group, 1, two), inside(caller, group[0])] == [(200, 4), 4]


def test_a_part_is_taken_back_alone_and_only_by_its_own_time(caller: Caller, group: tuple[int, str]) -> None:
    one, two = ago(20), ago(10)
    enter(caller, group, 1, one)
    enter(caller, group, 3, two)
    reference = Registration.objects.get().ticket_key[:8]

    def undo(at: str) -> tuple[int, Any]:
        path = f"/events/{group[0]}/check-ins/{group[0]}-{reference}?checked_in_at={at.replace('+', '%2B')}"
        found = caller.send("DELETE", path).json()
        return found["data"]["checked_in_quantity"], found["data"]["checked_in_at"]

    assert undo(ago(15)) == (4, one), "no one came in then"
    assert [undo(one), undo(one), left(caller, group[0])] == [(3, two), (3, two), [1]]
    assert [undo(two), inside(caller, group[0])] == [(0, None), 0]
    assert enter(caller, group, 4, one) == (200, 4)


def test_a_time_that_is_none_takes_nothing_back(caller: Caller, group: tuple[int, str]) -> None:
    enter(caller, group, 1, ago(20))
    reference = Registration.objects.get().ticket_key[:8]
    answer = caller.send("DELETE", f"/events/{group[0]}/check-ins/{group[0]}-{reference}?checked_in_at=soon")
    assert (answer.status_code, list(answer.json()["errors"]), inside(caller, group[0])) == (400, ["checked_in_at"], 1)
