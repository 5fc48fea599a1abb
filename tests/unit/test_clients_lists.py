"""Lists of any length, the event log, and what is never shown. All clients alike."""

from __future__ import annotations

import logging
from urllib.parse import parse_qs, urlsplit

import pytest

from omnify_client import Omnify, Ticket
from omnify_client.models import Attendee, Subscription, load
from tests.support.clients import Run, blocking, every_client, javascript
from tests.support.scripted_server import Asked, Said, ScriptedServer, refused, said

TICKET_ID = "7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE"


def _three_pages(asked: Asked) -> Said:
    query = parse_qs(urlsplit(asked.path).query)
    page = int(query["page"][0])
    assert query["page_size"] == ["100"]
    results = [{"reference": f"7-{page}{number}", "name": "Guest", "email": "a@b.example"} for number in range(2)]
    return said({"total_items": 6, "total_pages": 3, "current_page": page, "results": results})


@every_client
def test_a_list_is_read_page_by_page(run: Run) -> None:
    with ScriptedServer(_three_pages) as server:
        found = run(server.url, "attendees", 7, checked_in=True)
    assert found.error is None
    assert [one["reference"] for one in found.values] == ["7-10", "7-11", "7-20", "7-21", "7-30", "7-31"]
    assert "checked_in=true" in server.asked[0].path
    assert len(server.asked) == 3


@every_client
def test_a_list_that_becomes_shorter_meanwhile_ends(run: Run) -> None:
    page = said({"total_items": 101, "total_pages": 2, "results": [{"id": 1}]})
    with ScriptedServer(page, refused(404, "invalid_page")) as server:
        found = run(server.url, "events")
    assert (found.error, len(found.values)) == (None, 1)


@every_client
def test_the_log_is_read_to_its_end_from_the_last_entry_on(run: Run) -> None:
    first = [{"id": number, "type": "event.changed", "data": {}} for number in (4, 5)]
    with ScriptedServer(
        said({"results": first, "has_more": True}), said({"results": [{"id": 6}], "has_more": False})
    ) as server:
        found = run(server.url, "log", since="2027-01-01T00:00:00+00:00")
    assert [one["id"] for one in found.values] == [4, 5, 6]
    queries = [parse_qs(urlsplit(asked.path).query) for asked in server.asked]
    assert queries == [{"since": ["2027-01-01T00:00:00+00:00"]}, {"after": ["5"]}]


def test_no_repr_shows_what_opens_a_ticket_or_names_a_person() -> None:
    data = {
        "ticket_id": TICKET_ID,
        "check_in_code": "C0DE",
        "name": "Ada",
        "email": "ada@b.example",
        "secret": "whsec_x",
    }
    for kind in (Ticket, Attendee, Subscription):
        shown = repr(load(kind, data))
        assert not [text for text in data.values() if text in shown], shown
    with Omnify("http://127.0.0.1:1", "secret-token") as client:
        assert "secret-token" not in f"{client!r} {vars(client)}"


def test_no_log_shows_a_ticket_or_a_token_whatever_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """httpx would log every URL, and its parts every header of a response."""
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(
        said({"ticket_id": TICKET_ID, "status": "confirmed"}, Location=f"/registrations/{TICKET_ID}")
    ) as server:
        outcome = blocking(server.url, "ticket", TICKET_ID, token="secret-token")
    assert outcome.value["status"] == "confirmed"
    assert not [text for text in (TICKET_ID, "secret-token") if text in caplog.text]


@every_client
@pytest.mark.parametrize("url", ["tickets.example.org", "ftp://tickets.example.org", "http://a?b"])
def test_what_is_no_url_of_a_service_is_refused_at_once(run: Run, url: str) -> None:
    if run is javascript:
        assert run(url, "events").error["name"] == "TypeError"  # type: ignore[index]
        return
    with pytest.raises(ValueError, match="the service's URL"):
        run(url, "events")


def test_what_is_no_ticket_is_refused_without_being_shown() -> None:
    with Omnify("http://127.0.0.1:1") as client, pytest.raises(ValueError, match="not a ticket's id") as caught:
        client.ticket("../events/7")
    assert "events" not in str(caught.value)
