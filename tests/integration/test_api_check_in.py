"""`POST /registrations/{ticket_id}/check-in`: once, and only for the event's own organizer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from events.models import Registration
from omnify.tickets import tickets
from tests.integration.api import ANYONE, Caller, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def ticket(event_id: int, *, status: str = "confirmed") -> str:
    """The id of the one registration of this status."""
    row = Registration.objects.get(event_id=event_id, status=status)
    return tickets().ticket_id(event_id=event_id, key=row.ticket_key)


def check_in(caller: Caller, ticket_id: str) -> Any:
    return caller.post(f"/registrations/{ticket_id}/check-in")


def test_a_ticket_is_checked_in_once() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    first = check_in(caller, ticket(event_id))
    assert first.status_code == 200
    data = first.json()["data"]
    assert list(data) == ["ticket_id", "name", "email", "confirmed_at", "sequence", "checked_in_at", "reason"]
    assert data["checked_in_at"]
    again = check_in(caller, ticket(event_id))
    assert (again.status_code, again.json()["code"]) == (409, "already_checked_in")
    assert again.json()["errors"] == {"checked_in_at": [data["checked_in_at"]]}
    assert caller.get(f"/events/{event_id}/attendees").json()["data"]["results"][0] == data


@pytest.mark.parametrize("status", ["waitlisted", "rejected", "cancelled"])
def test_without_a_seat_nobody_gets_in(status: str) -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1, status=status)
    answer = check_in(caller, ticket(event_id, status=status))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_confirmed")
    assert Registration.objects.get().checked_in_at is None


def test_only_the_events_own_organizer_checks_in() -> None:
    event_id = create(organizer())
    attend(event_id, 1)
    stranger = check_in(organizer("stranger"), ticket(event_id))
    assert (stranger.status_code, stranger.json()["code"]) == (404, "ticket_not_found")
    assert check_in(ANYONE, ticket(event_id)).status_code == 401
    assert Registration.objects.get().checked_in_at is None


def test_what_is_no_decided_ticket_is_not_found() -> None:
    caller = organizer()
    event_id = create(caller)
    genuine = tickets().ticket_id(event_id=event_id, key=tickets().mint())
    for ticket_id in ("made-up", "1-x", genuine, genuine[:-1] + "!"):
        answer = check_in(caller, ticket_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found"), ticket_id


def test_of_doors_that_ask_at_the_same_time_one_lets_in() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    ticket_id, doors = ticket(event_id), 8
    together = Barrier(doors)

    def ask(_: int) -> Any:
        together.wait(30)
        try:
            return check_in(caller, ticket_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(doors) as pool:
        answers = list(pool.map(ask, range(doors)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * (doors - 1)
    let_in = next(answer for answer in answers if answer.status_code == 200).json()["data"]["checked_in_at"]
    times = {answer.json()["errors"]["checked_in_at"][0] for answer in answers if answer.status_code == 409}
    assert times == {let_in}
