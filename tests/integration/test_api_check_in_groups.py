"""A group at the entrance: one code, checked in by number, also in parts."""

from __future__ import annotations

from typing import Any

import pytest

from events.models import WebhookDelivery
from tests.support.in_process.api import Caller
from tests.support.in_process.groups import group_of, inside

pytestmark = pytest.mark.django_db(transaction=True)


def enter(caller: Caller, event_id: int, **sent: Any) -> Any:
    return caller.post(f"/events/{event_id}/check-ins", sent)


def test_a_group_comes_in_parts_and_no_more_of_it_than_there_are(caller: Caller) -> None:
    event_id, code, ticket_id = group_of(caller, 4)
    first = enter(caller, event_id, code=code, quantity=1).json()["data"]
    assert (first["checked_in_quantity"], first["quantity"], inside(caller, event_id)) == (1, 4, 1)
    second = caller.post(f"/registrations/{ticket_id}/check-in", {"quantity": 2}).json()["data"]
    assert (second["checked_in_quantity"], second["checked_in_at"]) == (3, first["checked_in_at"])
    refused = enter(caller, event_id, code=code, quantity=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_checked_in")
    assert refused.json()["errors"] == {"checked_in_at": [first["checked_in_at"]]}
    assert "3 of 4" in refused.json()["message"]
    assert enter(caller, event_id, code=code).json()["data"]["checked_in_quantity"] == 4
    assert (enter(caller, event_id, code=code).status_code, inside(caller, event_id)) == (409, 4)


def test_undoing_takes_all_of_a_group_out_again(caller: Caller) -> None:
    event_id, code, _ = group_of(caller, 3)
    reference = enter(caller, event_id, code=code, quantity=2).json()["data"]["reference"]
    undone = caller.send("DELETE", f"/events/{event_id}/check-ins/{reference}").json()["data"]
    assert (undone["checked_in_at"], undone["checked_in_quantity"], inside(caller, event_id)) == (None, 0, 0)
    assert enter(caller, event_id, code=code).json()["data"]["checked_in_quantity"] == 3
    assert inside(caller, event_id) == 3


@pytest.mark.parametrize("quantity", [0, 21, 1.5, "2", True, 4])
def test_a_number_that_the_ticket_is_not_for_is_refused(quantity: Any, caller: Caller) -> None:
    event_id, code, _ = group_of(caller, 3)
    answer = enter(caller, event_id, code=code, quantity=quantity)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["quantity"])
    assert not WebhookDelivery.objects.exists()
    assert inside(caller, event_id) == 0
