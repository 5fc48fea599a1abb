"""The processes of a crowd: what they hand in, and that none is ever left."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import Iterator

import pytest

from rehearsal.process import Command, CrowdFailed, Processes
from rehearsal.records import Tally, Workload
from tests.support.waiting import DEADLINE_SECONDS


def workload(port: int) -> Workload:
    return Workload(
        url=f"http://127.0.0.1:{port}",
        token="omn_token",
        event_id=1,
        run="ab",
        people=3,
        duplicates=0,
        index=0,
        processes=1,
        connections=2,
        rate=None,
    )


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A service that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_no_process_is_left_after_an_interruption(silent_port: int) -> None:
    def interrupted() -> None:
        with Processes([workload(silent_port), workload(silent_port)]) as crowd:
            crowd.read(timeout=DEADLINE_SECONDS)
            assert len(multiprocessing.active_children()) == 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert multiprocessing.active_children() == []


def test_a_crowd_that_gives_up_says_who_has_no_answer() -> None:
    with Processes([workload(1)]) as crowd:
        crowd.send(Command.GIVE_UP)
        while crowd.read(timeout=DEADLINE_SECONDS):
            pass
        (result,) = crowd.results()
    assert [result.status for result in result.results] == [0, 0, 0]
    assert result.tickets == []


def test_a_process_that_dies_is_told_and_not_waited_for(silent_port: int) -> None:
    with Processes([workload(silent_port)]) as crowd:
        (child,) = multiprocessing.active_children()
        child.kill()
        with pytest.raises(CrowdFailed):
            while crowd.read(timeout=DEADLINE_SECONDS):
                pass


def test_tallies_add_up() -> None:
    total = Tally(1, 2, 3, {"503": 1}) + Tally(10, 20, 30, {"503": 2, "connection": 1})
    assert total == Tally(11, 22, 33, {"503": 3, "connection": 1})
