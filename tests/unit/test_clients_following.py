"""A ticket is followed whatever breaks on the way: by stream, long poll or poll. All clients alike."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.clients import Run, every_client
from tests.support.scripted_server import DROP, Asked, Said, ScriptedServer, Step, refused, said, stream

TICKET_ID = "7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE"
PATH = f"/registrations/{TICKET_ID}"


def ticket(status: str, position: int | None = None) -> dict[str, Any]:
    """A state of the ticket."""
    return {"ticket_id": TICKET_ID, "event_id": 7, "status": status, "position": position}


def at(status: str, position: int | None = None, **headers: str) -> Said:
    """The answer to a poll."""
    return said(ticket(status, position), ETag=f'"{status}-{position}"', **headers)


@every_client
def test_each_state_of_a_stream_comes_once_and_the_final_one_ends_it(run: Run) -> None:
    states = [ticket("queued", 9), ticket("queued", 4), ticket("queued", 4), ticket("confirmed")]
    with ScriptedServer(stream(*states)) as server:
        found = run(server.url, "follow", TICKET_ID)
    assert found.error is None
    assert [(one["status"], one["position"]) for one in found.values] == [
        ("queued", 9),
        ("queued", 4),
        ("confirmed", None),
    ]
    assert [asked.path for asked in server.asked] == [f"{PATH}/events"]


class BrokenStream:
    """A service whose first stream breaks after one state, and whose doors drop the connection after that."""

    def __init__(self) -> None:
        self.streams = self.dropped = 0

    def __call__(self, asked: Asked) -> Said | None:
        """Answers."""
        if asked.path == PATH:
            self.dropped += 1
            return None if self.dropped == 1 else at("queued", 2, Retry_After="0")
        self.streams += 1
        rest = stream(ticket("queued", 1), ticket("confirmed"))
        return stream(ticket("queued", 2), cut=True) if self.streams == 1 else rest


@every_client
def test_a_stream_that_breaks_is_taken_up_again(run: Run) -> None:
    with ScriptedServer(BrokenStream()) as server:
        found = run(server.url, "follow", TICKET_ID)
    assert found.error is None
    assert [one["position"] for one in found.values] == [2, 1, None]
    assert [asked.path for asked in server.asked].count(f"{PATH}/events") == 2


def _no_streams(asked: Asked) -> Said | None:
    """A proxy that lets no stream through. The first long poll is held back, the second has news."""
    address = urlsplit(asked.path)
    if address.path.endswith("/events"):
        return Said(403, {"Content-Type": "text/html"}, b"no")
    if "if-none-match" not in asked.headers:
        return at("queued", 1, Retry_After="0")
    return at("confirmed") if "wait" in parse_qs(address.query) else None


@every_client
def test_where_streams_are_barred_long_polls_take_over(run: Run) -> None:
    with ScriptedServer(_no_streams) as server:
        found = run(server.url, "follow", TICKET_ID)
    assert found.statuses == ["queued", "confirmed"]
    last = server.asked[-1]
    assert last.headers["if-none-match"] == '"queued-1"'
    assert 1 <= int(parse_qs(urlsplit(last.path).query)["wait"][0]) <= 30


class OnlyPolls:
    """A service behind something that bars streams and drops long polls: on the third look there is news."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, asked: Asked) -> Said | None:
        """Answers."""
        if asked.path != PATH:
            return None
        self.looks += 1
        if self.looks == 1:
            return at("queued", 1, Retry_After="0")
        return Said(304, {"Retry-After": "0"}) if self.looks == 2 else at("rejected", Retry_After="0")


@every_client
def test_where_nothing_else_works_it_polls_with_the_tag(run: Run) -> None:
    with ScriptedServer(OnlyPolls()) as server:
        found = run(server.url, "follow", TICKET_ID)
    assert found.error is None
    assert found.statuses == ["queued", "rejected"]
    polls = [asked.headers.get("if-none-match") for asked in server.asked if asked.path == PATH]
    assert polls == [None, '"queued-1"', '"queued-1"']


@every_client
@pytest.mark.parametrize(
    ("final", "status"), [(False, "waitlisted"), (True, "confirmed")], ids=["until it is decided", "to the end"]
)
def test_a_wait_returns_the_state_that_was_waited_for(run: Run, final: bool, status: str) -> None:
    with ScriptedServer(stream(ticket("queued", 1), ticket("waitlisted", 3), ticket("confirmed"))) as server:
        assert run(server.url, "wait", TICKET_ID, final=final).value["status"] == status


@every_client
def test_a_wait_ends_at_its_deadline_with_what_was_seen(run: Run) -> None:
    with ScriptedServer(at("queued", 1, Retry_After="1")) as server:
        error = run(server.url, "follow", TICKET_ID, timeout=0.5).error
    assert error is not None
    assert (error["name"], error["message"]) == ("WaitTimeout", "still queued at the deadline")


@every_client
def test_a_ticket_that_is_unknown_ends_it_at_once(run: Run) -> None:
    with ScriptedServer(refused(404, "ticket_not_found")) as server:
        error = run(server.url, "follow", TICKET_ID).error
    assert error is not None
    assert error["name"] == "NotFound"
    assert TICKET_ID not in error["shown"]
    assert len(server.asked) <= 2


@every_client
def test_it_gives_up_once_nothing_has_worked_for_long(run: Run) -> None:
    with ScriptedServer(DROP) as server:
        error = run(server.url, "follow", TICKET_ID, retry_seconds=0.5).error
    assert error is not None
    assert error["name"] == "ApiConnectionError"


@every_client
def test_a_status_of_next_year_is_passed_on(run: Run) -> None:
    steps: list[Step] = [DROP, at("pondered", Retry_After="0"), DROP, at("enthroned")]
    with ScriptedServer(*steps) as server:
        found = run(server.url, "follow", TICKET_ID)
    assert found.error is None
    assert found.statuses == [
        "pondered",
        "enthroned",
    ]  # the second is final: the service does not say when to ask again
