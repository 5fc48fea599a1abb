"""The answers of an ordinary day at the door: admitted, known, too early, too late, too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.service.event import open_event
from tests.support.service.http_client import body
from tests.support.service.processes import Service

pytestmark = pytest.mark.acceptance

TICKET_FIELDS = {
    *(
        "ticket_id",
        "reference",
        "event_id",
        "ticket_type",
        "quantity",
        "checked_in_quantity",
        "status",
        "reason",
        "position",
        "sequence",
    ),
    *("requested_at", "decided_at", "expires_at", "check_in_code", "checked_in_at"),
}


@pytest.fixture(scope="module")
def running(one_service: Service) -> Service:
    """Nothing here kills anything."""
    one_service.heal()
    return one_service


def from_now(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def test_a_registration_is_accepted_in_line_and_then_decided(running: Service) -> None:
    event = open_event(running)
    answer = event.register(1)
    assert answer.status == 202
    assert list(answer.data) == ["ticket_id", "event_id", "status", "position", "status_url", "requested_at"]
    assert (answer.data["event_id"], answer.data["status"], answer.data["position"]) == (event.id, "queued", 1)
    assert answer.headers["location"] == answer.data["status_url"] == f"/registrations/{answer.data['ticket_id']}"
    assert int(answer.headers["retry-after"]) >= 1
    ticket = event.decided(answer.data["ticket_id"])
    assert set(ticket) == TICKET_FIELDS
    assert (ticket["status"], ticket["reason"], ticket["position"]) == ("confirmed", None, None)
    assert ticket["requested_at"] == answer.data["requested_at"]
    assert datetime.fromisoformat(ticket["decided_at"]) >= datetime.fromisoformat(ticket["requested_at"])


def test_a_body_at_the_limit_and_every_spelling_of_json_are_accepted(running: Service) -> None:
    event = open_event(running)
    for number, suffix in enumerate(("", ' ; charset="utf-8"', ";charset=UTF8")):
        sent = body(email=f"guest{number}@example.com", note="fields of later releases are ignored")
        full = sent + b" " * (16 * 1024 - len(sent))
        assert event.send(full, {"Content-Type": f"Application/JSON{suffix}"}).status == 202


def test_one_email_gets_one_ticket_whatever_its_letter_case(running: Service) -> None:
    event = open_event(running)
    [ticket] = event.admit(1)
    again = "GUEST1@Example.COM"
    assert event.register(1, email=again).refusal == (409, "duplicate_registration")
    event.decided(ticket)
    refused = event.register(1, email=again)
    assert refused.refusal == (409, "duplicate_registration")
    assert ticket not in refused.body.decode()
    assert open_event(running).register(1).status == 202


def test_the_door_says_when_registration_opens(running: Service) -> None:
    event = open_event(running, registration_opens_at=from_now(hours=1))
    answer = event.register(1)
    assert answer.refusal == (409, "registration_not_open")
    assert 3500 < int(answer.headers["retry-after"]) <= 3601
    assert event.places_given() == 0


def test_the_door_says_that_registration_is_closed(running: Service) -> None:
    event = open_event(running, registration_opens_at=from_now(hours=-2), registration_closes_at=from_now(hours=-1))
    assert event.register(1).refusal == (409, "registration_closed")
    assert event.places_given() == 0


def test_the_door_says_sold_out_once_the_ledger_does(running: Service) -> None:
    event = open_event(running, capacity=2)
    for ticket in event.admit(1, 2):
        event.decided(ticket)
    # Also to those who are registered: nothing tells them apart.
    assert event.register(3).json == event.register(1).json
    assert event.register(1).refusal == (409, "sold_out")
    assert event.places_given() == 2
    seen = running.address.ask("GET", event.path).data
    assert (seen["registration_state"], seen["seats_left"], seen["confirmed_count"]) == ("sold_out", 0, 2)


def test_the_same_idempotency_key_and_body_name_the_same_ticket(running: Service) -> None:
    event = open_event(running)
    first = event.register(1, key="order 66")
    again = event.register(1, key="order 66")
    assert (first.status, again.status) == (202, 202)
    assert again.data["ticket_id"] == first.data["ticket_id"]
    event.decided(first.data["ticket_id"])
    late = event.register(1, key="order 66")
    assert late.status == 202
    assert (late.data["ticket_id"], late.data["status"]) == (first.data["ticket_id"], "confirmed")
    assert late.data["requested_at"] == first.data["requested_at"]
    assert event.places_given() == 1


def test_the_same_idempotency_key_with_another_body_is_refused(running: Service) -> None:
    event = open_event(running)
    ticket = event.register(1, key="order 66").data["ticket_id"]
    assert event.register(2, key="order 66").refusal == (422, "idempotency_key_reused")
    event.decided(ticket)
    assert event.register(2, key="order 66").refusal == (422, "idempotency_key_reused")
    assert event.register(1, key="order 66", name="Another").refusal == (422, "idempotency_key_reused")
    other = open_event(running).register(2, key="order 66")
    assert other.status == 202
    assert other.data["ticket_id"] != ticket


def test_a_ticket_that_has_not_changed_is_not_sent_again(running: Service) -> None:
    event = open_event(running)
    [ticket] = event.admit(1)
    event.decided(ticket)
    path = f"/registrations/{ticket}"
    tag = running.address.ask("GET", path).headers["etag"]
    for wanted in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = running.address.ask("GET", path, headers={"If-None-Match": wanted})
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert running.address.ask("GET", path, headers={"If-None-Match": '"other"'}).status == 200


def test_a_ticket_that_moves_up_gets_another_tag(running: Service) -> None:
    event = open_event(running)
    with running.frozen("drain-1"), running.frozen("drain-2"):
        [ticket] = event.admit(1)
        waiting = running.address.ask("GET", f"/registrations/{ticket}")
        assert (waiting.data["status"], waiting.data["position"]) == ("queued", 1)
        assert set(waiting.data) == TICKET_FIELDS | {"estimated_seconds"}
        assert int(waiting.headers["retry-after"]) >= 1
    event.decided(ticket)
    tagged = {"If-None-Match": waiting.headers["etag"]}
    assert running.address.ask("GET", f"/registrations/{ticket}", headers=tagged).data["status"] == "confirmed"


def test_no_answer_about_a_ticket_names_its_holder(running: Service) -> None:
    event = open_event(running)
    accepted = event.register("", name="Wanderer", email="wanderer@example.com")
    ticket = accepted.data["ticket_id"]
    event.decided(ticket)
    for answer in (accepted, running.address.ask("GET", f"/registrations/{ticket}")):
        assert b"anderer" not in answer.body
        assert b"example" not in answer.body


def test_places_grow_and_positions_are_those_of_the_line(running: Service) -> None:
    event = open_event(running)
    with running.frozen("drain-1"), running.frozen("drain-2"):
        answers = [event.register(guest) for guest in range(5)]
        assert [answer.data["position"] for answer in answers] == [1, 2, 3, 4, 5]
        seen = [event.ticket(answer.data["ticket_id"]) for answer in answers]
        assert [ticket["position"] for ticket in seen] == [1, 2, 3, 4, 5]
        assert [ticket["sequence"] for ticket in seen] == [1, 2, 3, 4, 5]
