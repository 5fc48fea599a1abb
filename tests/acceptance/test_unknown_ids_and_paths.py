"""Ids and paths that are huge, negative, forged or simply wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.service.event import Event, open_event
from tests.support.service.http_client import JSON, body
from tests.support.service.processes import Service

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("nothing_is_queued")]


@pytest.fixture(scope="module")
def genuine(one_service: Service) -> str:
    """The id of a ticket for another event."""
    one_service.heal()
    other = open_event(one_service)
    [ticket] = other.admit(1)
    other.decided(ticket)
    return ticket


@pytest.mark.parametrize(
    "made_up",
    [
        *(
            "0",
            "-1",
            "01",
            "+1",
            "1.0",
            "1e3",
            "one",
            "0x1",
            "%EF%BC%91",
            "1%20",
            "%C3%28",
            "'",
        ),
        *("9" * 18, "9" * 19, "9" * 4000, "-" + "9" * 30, "18446744073709551617"),
    ],
    ids=lambda text: text[:24],
)
def test_a_made_up_event_is_not_found(event: Event, made_up: str) -> None:
    ask = event.service.address.ask
    assert ask("POST", f"/events/{made_up}/register", body(), JSON).refusal == (404, "event_not_found")
    assert ask("GET", f"/events/{made_up}").refusal == (404, "event_not_found")


def test_an_event_that_does_not_exist_is_not_found_however_often_one_asks(event: Event) -> None:
    for _ in range(3):
        answer = event.service.address.ask("POST", "/events/987654/register", body(), JSON)
        assert answer.refusal == (404, "event_not_found")


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/events/{id}/register", (405, "method_not_allowed")),
        ("PUT", "/events/{id}/register", (405, "method_not_allowed")),
        ("DELETE", "/events/{id}/register", (405, "method_not_allowed")),
        ("POST", "/events/{id}", (405, "method_not_allowed")),
        ("POST", "/registrations/1-made-up", (405, "method_not_allowed")),
        ("BREW", "/events/{id}/register", (405, "method_not_allowed")),
        ("POST", "/events/{id}/register/", (404, "not_found")),
        ("POST", "/events/{id}/enrol", (404, "not_found")),
        ("GET", "/events/%2F", (404, "not_found")),
        ("GET", "/welcome", (404, "not_found")),
        ("GET", "/registrations", (404, "not_found")),
    ],
)
def test_other_ways_have_the_same_shape(event: Event, method: str, path: str, wanted: tuple[int, str]) -> None:
    answer = event.service.address.ask(method, path.format(id=event.id), body(), JSON)
    assert answer.refusal == wanted
    assert ("allow" in answer.headers) == (wanted[0] == 405)


def _flip(text: str, place: int) -> str:
    place %= len(text)
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


@pytest.mark.parametrize(
    "forge",
    [
        lambda ticket: _flip(ticket, -1),
        lambda ticket: _flip(ticket, -8),
        lambda ticket: _flip(ticket, -28),
        lambda ticket: f"1{ticket}",
        lambda ticket: f"0{ticket}",
        lambda ticket: f"-{ticket}",
        lambda ticket: ticket[:-1],
        lambda ticket: ticket + "A",
        lambda ticket: ticket.swapcase(),
        lambda ticket: "%20" + ticket,
        lambda ticket: "9" * 30 + ticket[ticket.index("-") :],
        lambda ticket: "%EF%BC%91" + ticket[1:],
        lambda ticket: ticket * 100,
        lambda ticket: "x",
        lambda ticket: "%C3%28",
    ],
)
def test_a_forged_ticket_is_not_found(event: Event, genuine: str, forge: Callable[[str], str]) -> None:
    assert event.service.address.ask("GET", f"/registrations/{genuine}").status == 200
    forged = event.service.address.ask("GET", f"/registrations/{forge(genuine)}")
    assert forged.refusal == (404, "ticket_not_found")


@pytest.mark.parametrize("odd", ["{}%00", "%00{}", "{}%0A", "{}%2F", "{}%41", "%31{}", "{}%", "../{}", "./{}", "/{}"])
def test_a_path_that_is_not_canonical_is_no_path_whatever_it_could_name(event: Event, genuine: str, odd: str) -> None:
    ask = event.service.address.ask
    assert ask("GET", f"/registrations/{odd.format(genuine)}").refusal == (404, "not_found")
    assert ask("GET", f"/events/{odd.format(event.id)}").refusal == (404, "not_found")
    assert ask("POST", f"/events/{odd.format(event.id)}/register", body(), JSON).refusal == (404, "not_found")


def test_a_ticket_of_one_event_says_nothing_under_another(event: Event, genuine: str) -> None:
    moved = f"{event.id}{genuine[genuine.index('-') :]}"
    assert event.service.address.ask("GET", f"/registrations/{moved}").refusal == (404, "ticket_not_found")
