"""The organizer takes one guest's ticket back, in its turn in the event's queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.keys import event_keys
from events.domain.scopes import Scope
from events.models import AuditEntry, Event, OrganizerToken, Registration
from events.secrets import tickets
from events.services import check_ins
from tests.support.in_process.api import ANYONE, Caller, create, organizer
from tests.support.in_process.gate import apply_for
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Take = Callable[[int], Any]


@pytest.fixture
def event(caller: Caller, admit: Any, drain: Drain) -> Event:
    """One seat, which guest 0 has, and one position on the waitlist, which guest 1 has."""
    event_id = create(caller, max_capacity=1, waitlist_capacity=1)
    admit(event_id, [apply_for(number) for number in range(2)])
    drain.run(event_id)
    return Event.objects.get(pk=event_id)


def rows(event: Event) -> list[Registration]:
    return list(Registration.objects.filter(event=event).order_by("sequence"))


def states(event: Event) -> list[tuple[str, str]]:
    return [(row.status, row.reason) for row in rows(event)]


def path_of(event: Event, number: int) -> str:
    row = rows(event)[number]
    ticket_id = tickets().ticket_id(event_id=row.event_id, key=row.ticket_key, mark=row.mark)
    return f"/events/{event.pk}/attendees/{ticket_id}"


def test_the_ticket_is_cancelled_in_its_turn_and_the_seat_goes_to_the_next(
    caller: Caller, event: Event, drain: Drain
) -> None:
    answer = caller.send("DELETE", path_of(event, 0))
    assert (answer.status_code, answer.json()["data"]["name"]) == (202, "Guest 0")
    assert states(event) == [("confirmed", ""), ("waitlisted", "")]
    drain.run(event.pk)
    assert states(event) == [("cancelled", "by_organizer"), ("confirmed", "")]
    assert AuditEntry.objects.filter(action="ticket_cancelled").count() == 1
    assert caller.send("DELETE", path_of(event, 0)).status_code == 202
    drain.run(event.pk)
    assert states(event) == [("cancelled", "by_organizer"), ("confirmed", "")]


def test_cancel_until_does_not_bind_the_organizer(caller: Caller, event: Event, drain: Drain) -> None:
    caller.patch(f"/events/{event.pk}", {"cancel_until": "2020-01-01T00:00:00Z"})
    assert caller.send("DELETE", path_of(event, 0)).status_code == 202
    drain.run(event.pk)
    assert states(event)[0] == ("cancelled", "by_organizer")


def test_one_who_has_been_let_in_keeps_the_seat(caller: Caller, event: Event) -> None:
    row = rows(event)[0]
    check_ins.check_in(event_id=event.pk, key=row.ticket_key, organizer_id=event.organizer_id)
    answer = caller.send("DELETE", path_of(event, 0))
    assert (answer.status_code, answer.json()["code"]) == (409, "already_checked_in")
    assert answer.json()["errors"]["checked_in_at"]


def test_after_the_end_no_seat_moves(caller: Caller, event: Event, redis_client: redis.Redis) -> None:
    redis_client.hset(event_keys(event.pk).state, "ends", int(timezone.now().timestamp() * 1000) - 1)
    answer = caller.send("DELETE", path_of(event, 0))
    assert (answer.status_code, answer.json()["code"]) == (409, "event_over")


def test_only_a_full_token_of_the_organizer_reaches_a_ticket_of_this_event(caller: Caller, event: Event) -> None:
    path = path_of(event, 0)
    assert ANYONE.send("DELETE", path).status_code == 401
    assert caller.organizer
    reader = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.READ))
    assert reader.send("DELETE", path).status_code == 403
    assert organizer("other").send("DELETE", path).json()["code"] == "event_not_found"
    elsewhere = path.replace(f"/events/{event.pk}/", f"/events/{create(caller)}/")
    for wrong in (elsewhere, f"/events/{event.pk}/attendees/made-up"):
        answer = caller.send("DELETE", wrong)
        assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found")
