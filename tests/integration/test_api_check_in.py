"""`POST /registrations/{ticket_id}/check-in`: once, and only for the event's own organizer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from events.domain.scopes import Scope
from events.models import OrganizerToken, Registration
from events.secrets import tickets
from tests.support.in_process.api import ANYONE, ATTENDEE_FIELDS, Caller, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def ticket(event_id: int, *, status: str = "confirmed") -> str:
    """The id of the one registration of this status."""
    row = Registration.objects.get(event_id=event_id, status=status)
    return tickets().ticket_id(event_id=event_id, key=row.ticket_key)


def check_in(caller: Caller, ticket_id: str) -> Any:
    return caller.post(f"/registrations/{ticket_id}/check-in")


def code(event_id: int, *, status: str = "confirmed") -> str:
    """What the QR code of the one registration of this status holds."""
    row = Registration.objects.get(event_id=event_id, status=status)
    return tickets().check_in_code(event_id=event_id, key=row.ticket_key)


def enter(caller: Caller, event_id: int, **sent: Any) -> Any:
    return caller.post(f"/events/{event_id}/check-ins", sent)


def attend_with_references(event_id: int, count: int) -> None:
    """Registrations whose tickets have references of their own."""
    attend(event_id, count)
    for row in Registration.objects.filter(event_id=event_id):
        Registration.objects.filter(pk=row.pk).update(ticket_key=tickets().mint())


def test_a_code_lets_in_once_and_a_check_in_can_be_undone() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    first = enter(caller, event_id, code=code(event_id))
    assert first.status_code == 200, first.content
    data = first.json()["data"]
    again = enter(caller, event_id, code=code(event_id))
    assert (again.status_code, again.json()["code"]) == (409, "already_checked_in")
    assert again.json()["errors"] == {"checked_in_at": [data["checked_in_at"]]}
    for _ in range(2):
        undone = caller.send("DELETE", f"/events/{event_id}/check-ins/{data['reference']}")
        assert (undone.status_code, undone.json()["data"]) == (
            200,
            {**data, "checked_in_at": None, "checked_in_quantity": 0},
        )
    assert enter(caller, event_id, code=code(event_id)).status_code == 200
    assert caller.get(f"/events/{event_id}/stats").json()["data"]["checked_in"] == 1


def test_older_qr_codes_and_ticket_ids_let_in_too() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    assert enter(caller, event_id, code=ticket(event_id)).status_code == 200
    assert enter(caller, event_id, ticket_id=ticket(event_id)).json()["code"] == "already_checked_in"
    assert enter(caller, event_id, ticket_id=code(event_id)).json()["code"] == "ticket_not_found"


def test_a_guest_is_picked_from_the_list_with_a_token_for_the_entrance() -> None:
    caller = organizer()
    event_id = create(caller)
    attend_with_references(event_id, 3)
    entrance = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.CHECK_IN, event_id=event_id))
    [guest] = entrance.get(f"/events/{event_id}/attendees?search=name 2").json()["data"]["results"]
    entered = enter(entrance, event_id, reference=guest["reference"])
    assert entered.status_code == 200, entered.content
    let_in = {"checked_in_at": entered.json()["data"]["checked_in_at"], "checked_in_quantity": 1}
    assert entered.json()["data"] == {**guest, **let_in}
    assert enter(entrance, event_id, reference=guest["reference"]).json()["code"] == "already_checked_in"
    counts = {
        flag: entrance.get(f"/events/{event_id}/attendees?checked_in={flag}").json()["data"]["total_items"]
        for flag in ("true", "false")
    }
    assert counts == {"true": 1, "false": 2}
    assert entrance.send("DELETE", f"/events/{event_id}/check-ins/{guest['reference']}").status_code == 200
    assert Registration.objects.filter(checked_in_at__isnull=False).count() == 0


def test_a_reference_lets_in_at_its_own_event_and_only_if_it_is_one_tickets() -> None:
    caller = organizer()
    event_id, other = create(caller), create(caller)
    attend_with_references(event_id, 2)
    key = Registration.objects.filter(event_id=event_id).earliest("pk").ticket_key
    reference = f"{event_id}-{key[:8]}"
    assert "another event" in enter(caller, other, reference=reference).json()["message"]
    for wrong in ("x", key[:8], reference[:-1], f"{event_id}-{key[:8].swapcase()}", f"{event_id}-%%%%%%%%"):
        answer = enter(caller, event_id, reference=wrong)
        assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found"), wrong
    Registration.objects.filter(event_id=event_id).exclude(ticket_key=key).update(ticket_key=key[:8] + "2" * 12)
    assert enter(caller, event_id, reference=reference).json()["code"] == "ticket_not_found"
    assert Registration.objects.filter(checked_in_at__isnull=False).count() == 0


def test_a_code_opens_no_ticket() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    assert check_in(caller, code(event_id)).json()["code"] == "ticket_not_found"


def test_a_code_of_another_event_and_one_that_is_made_up_are_refused() -> None:
    caller = organizer()
    event_id, other = create(caller), create(caller)
    attend(other, 1)
    genuine = code(other)
    for wrong in (genuine, f"{event_id}{genuine[genuine.index('-') :]}", "7", genuine[:-1], ""):
        answer = enter(caller, event_id, code=wrong)
        assert (answer.status_code, answer.json()["code"]) in ((404, "ticket_not_found"), (400, "invalid")), wrong
    assert "another event" in enter(caller, event_id, code=genuine).json()["message"]
    assert Registration.objects.get().checked_in_at is None


@pytest.mark.parametrize("sent", [{}, {"code": "1-x", "ticket_id": "1-x"}, {"code": None}, {"code": "x" * 101}])
def test_what_is_sent_from_the_entrance_is_checked(sent: dict[str, Any]) -> None:
    caller = organizer()
    answer = enter(caller, create(caller), **sent)
    assert (answer.status_code, answer.json()["code"], "code" in answer.json()["errors"]) == (400, "invalid", True)


def test_only_the_events_own_organizer_undoes() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    reference = enter(caller, event_id, code=code(event_id)).json()["data"]["reference"]
    path = f"/events/{event_id}/check-ins/{reference}"
    assert organizer("stranger").send("DELETE", path).json()["code"] == "event_not_found"
    assert ANYONE.send("DELETE", path).status_code == 401
    for wrong in ("x", f"{event_id}-AAAAAAAA", f"{event_id + 1}{reference[reference.index('-') :]}"):
        answer = caller.send("DELETE", f"/events/{event_id}/check-ins/{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found"), wrong


def test_two_tickets_with_one_reference_are_not_confused() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 2)
    rows = Registration.objects.filter(event_id=event_id).order_by("pk")
    for number, key in enumerate(("aaaaaaaa" + "1" * 12, "AAAAAAAA" + "2" * 12)):
        Registration.objects.filter(pk=rows[number].pk).update(ticket_key=key)
    for row in rows.all():
        sent = tickets().check_in_code(event_id=event_id, key=row.ticket_key)
        assert enter(caller, event_id, code=sent).status_code == 200
    assert caller.send("DELETE", f"/events/{event_id}/check-ins/{event_id}-aaaaaaaa").status_code == 200
    assert [row.checked_in_at is None for row in rows.all()] == [True, False], "letter case counts"
    Registration.objects.filter(pk=rows[0].pk).update(ticket_key="AAAAAAAA" + "1" * 12)
    answer = caller.send("DELETE", f"/events/{event_id}/check-ins/{event_id}-AAAAAAAA")
    assert answer.json()["code"] == "ticket_not_found"


def test_a_ticket_is_checked_in_once() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    first = check_in(caller, ticket(event_id))
    assert first.status_code == 200
    data = first.json()["data"]
    assert list(data) == ATTENDEE_FIELDS
    assert data["checked_in_at"]
    again = check_in(caller, ticket(event_id))
    assert (again.status_code, again.json()["code"]) == (409, "already_checked_in")
    assert again.json()["errors"] == {"checked_in_at": [data["checked_in_at"]]}
    assert caller.get(f"/events/{event_id}/attendees").json()["data"]["results"][0] == data


@pytest.mark.parametrize("status", ["waitlisted", "rejected", "cancelled"])
def test_a_ticket_without_a_seat_is_not_checked_in(status: str) -> None:
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
        together.wait(100)
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
