"""What an organizer does about one guest of an event that holds its seats: adding, correcting, cancelling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis

from events.models import Event, Registration
from events.secrets import tickets
from tests.support.in_process.api import Caller, create
from tests.support.in_process.drain import make_drain, make_queue
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

PAID = {"seconds": 600, "confirmed_by": "organizer", "applies_to": "all"}
OFFER = {"seconds": 600, "confirmed_by": "holder", "applies_to": "waitlist"}


@pytest.fixture
def drain(redis_client: redis.Redis) -> Drain:
    """A drain with the service's own secrets, as its workers have."""
    return replace(make_drain(make_queue(redis_client)), digest=tickets().email_digest)


def add(caller: Caller, drain: Drain, event_id: int, number: int, **more: Any) -> None:
    sent = {"name": f"Guest {number}", "email": f"guest{number}@example.org", **more}
    assert caller.post(f"/events/{event_id}/attendees", sent).status_code == 202
    drain.run(event_id)


def rows(event_id: int) -> list[Registration]:
    return list(Registration.objects.filter(event=event_id).order_by("sequence"))


def states(event_id: int) -> list[tuple[str, str]]:
    return [(row.status, row.reason) for row in rows(event_id)]


def counts(event_id: int) -> tuple[int, int, int]:
    """Seats in all, held, confirmed."""
    event = Event.objects.get(pk=event_id)
    return event.max_capacity, event.held_count, event.confirmed_count


def path_of(row: Registration) -> str:
    ticket_id = tickets().ticket_id(event_id=row.event_id, key=row.ticket_key, mark=row.mark)
    return f"/events/{row.event_id}/attendees/{ticket_id}"


def test_a_guest_beyond_the_capacity_gets_a_seat_as_anyone_does_there(caller: Caller, drain: Drain) -> None:
    event_id = create(caller, max_capacity=1, hold=PAID)
    add(caller, drain, event_id, 0)
    add(caller, drain, event_id, 1, beyond_capacity=True)
    assert states(event_id) == [("held", ""), ("held", "")]
    assert counts(event_id) == (2, 2, 0)
    assert all(row.expires_at and row.hold_confirmed_by == "organizer" for row in rows(event_id))


def test_where_only_the_waitlists_seats_are_held_an_added_guest_is_confirmed(caller: Caller, drain: Drain) -> None:
    event_id = create(caller, max_capacity=1, waitlist_capacity=1, hold=OFFER)
    add(caller, drain, event_id, 0)
    add(caller, drain, event_id, 1, beyond_capacity=True)
    assert (states(event_id), counts(event_id)) == ([("confirmed", ""), ("confirmed", "")], (2, 0, 2))


def test_a_held_ticket_is_corrected_and_its_hold_runs_on(
    caller: Caller, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = create(caller, max_capacity=2, hold=PAID)
    add(caller, drain, event_id, 0)
    [before] = rows(event_id)
    monkeypatch.setattr("events.services.corrections.wake_drain", drain.run)
    answer = caller.patch(path_of(before), {"name": "Guest Nil", "email": "nil@example.org"})
    assert (answer.status_code, answer.json()["data"]["email"]) == (200, "nil@example.org")
    [after] = rows(event_id)
    assert (after.name, after.email, after.status) == ("Guest Nil", "nil@example.org", "held")
    assert (after.expires_at, after.hold_confirmed_by) == (before.expires_at, "organizer")
    add(caller, drain, event_id, 0)
    assert states(event_id) == [("held", ""), ("held", "")], "the old address may register again"
    assert counts(event_id) == (2, 2, 0)


def test_a_held_ticket_is_cancelled_and_the_next_in_line_gets_a_hold(caller: Caller, drain: Drain) -> None:
    event_id = create(caller, max_capacity=1, waitlist_capacity=1, hold=PAID)
    for number in range(2):
        add(caller, drain, event_id, number)
    assert states(event_id) == [("held", ""), ("waitlisted", "")]
    assert caller.send("DELETE", path_of(rows(event_id)[0])).status_code == 202
    drain.run(event_id)
    assert states(event_id) == [("cancelled", "by_organizer"), ("held", "")]
    assert counts(event_id) == (1, 1, 0)
