"""Tags, and what clients say with them; tickets and streams as text."""

from __future__ import annotations

import json

import pytest

from events.domain.states import Reason, Status
from events.door.etags import known_statuses, matches, tag_of
from events.door.parse import BadRequest, wait_seconds
from events.door.stream import event_text, retry_text
from events.door.ticket import show, ticket_response
from events.door.ticket_status import TicketStatus

QUEUED = TicketStatus(Status.QUEUED, 0, 42, 1000, position=3, estimated_seconds=0.4)
WAITLISTED = TicketStatus(Status.WAITLISTED, 1, 42, 1000, 2000, position=7)
REJECTED = TicketStatus(Status.REJECTED, 1, 42, 1000, 2000, Reason.SOLD_OUT)
HELD = TicketStatus(Status.HELD, 1, 42, 1000, 2000, expires_ms=62_000)
LOST = TicketStatus(Status.LOST, 0, None, None)


def test_every_status_has_a_letter_of_its_own() -> None:
    tags = {status: tag_of(status, b"the same") for status in Status}
    assert len(set(tags.values())) == len(Status)
    for status, tag in tags.items():
        assert known_statuses(tag.decode()) == {status}
        assert known_statuses(f'"x", W/{tag.decode()}') == {status}


def test_what_is_no_tag_of_ours_says_nothing() -> None:
    for text in ("", "*", '"q-1"', "q-01234567", '"01234567"', '"q-0123456789"', '"z-01234567"'):
        assert known_statuses(text) == set()


def test_a_tag_of_an_earlier_release_still_names_its_status() -> None:
    assert known_statuses('"q-0123456789abcdef"') == {Status.QUEUED}


def test_a_tag_matches_itself_weakly_in_a_list_and_behind_a_star() -> None:
    tag = tag_of(Status.QUEUED, b"here")
    text = tag.decode()
    for sent in (text, f"W/{text}", f'"other",{text}', "*"):
        assert matches(tag, sent)
    for other in (b"", b'"other"', tag_of(Status.QUEUED, b"there"), tag_of(Status.CONFIRMED, b"here")):
        assert not matches(tag, other.decode())


@pytest.mark.parametrize("ticket", [QUEUED, WAITLISTED, HELD, REJECTED, LOST])
def test_a_ticket_is_the_same_object_in_an_answer_and_in_an_event(ticket: TicketStatus) -> None:
    response = ticket_response("7-abc", 7, ticket, jitter=0.5)
    data = json.loads(response.body)["data"]
    assert list(data)[:15] == [
        *("ticket_id", "reference", "event_id", "ticket_type", "quantity", "status", "reason"),
        *("position", "sequence", "requested_at", "decided_at", "expires_at", "check_in_code", "checked_in_at"),
        "checked_in_quantity",
    ]
    shown = show("7-abc", 7, ticket)
    lines = event_text(shown).decode().split("\n")
    assert lines[0] == f"id: {response.header(b'etag').decode()}"
    assert json.loads(lines[1].removeprefix("data: ")) == data
    assert lines[2:] == ["", ""]


def test_only_what_is_not_terminal_says_when_to_ask_again() -> None:
    waits = [ticket_response("7-abc", 7, s, jitter=0.5).header(b"retry-after") for s in (QUEUED, WAITLISTED)]
    assert all(int(wait) >= 1 for wait in waits)
    assert ticket_response("7-abc", 7, REJECTED, jitter=0.5).header(b"retry-after") == b""


def test_the_tag_changes_with_the_place_and_not_with_chance() -> None:
    tags = {ticket_response("7-abc", 7, WAITLISTED, jitter=jitter).header(b"etag") for jitter in (0.0, 0.5, 0.9)}
    assert len(tags) == 1
    step = TicketStatus(Status.WAITLISTED, 1, 42, 1000, 2000, position=6)
    assert ticket_response("7-abc", 7, step, jitter=0.5).header(b"etag") not in tags


def test_a_stream_says_in_milliseconds_when_to_come_back() -> None:
    assert retry_text(0.25) == b"retry: 2000\n"


def test_a_wait_is_a_whole_number_of_seconds_up_to_thirty() -> None:
    assert [wait_seconds(query) for query in (b"", b"x=1", b"wait=1", b"a=b&wait=30", b"%77ait=7")] == [
        *(None, None, 1, 30, 7)
    ]
    for query in (
        b"wait=0",
        b"wait=31",
        b"wait=07",
        b"wait=+7",
        b"wait=7s",
        b"wait=",
        b"wait=1&wait=1",
        b"wait=\xd9\xa7",
    ):
        with pytest.raises(BadRequest) as caught:
            wait_seconds(query)
        assert list(caught.value.errors or {}) == ["wait"]
