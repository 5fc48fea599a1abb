"""The bench's load generators, the one in C and the one in Python, against a server that does what it is told."""

from __future__ import annotations

import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any

import pytest

from bench import load

pytestmark = pytest.mark.soak(only=True)  # the service depends on none of it

Counted = tuple[load.Load, Any]

CLIENTS = list(dict.fromkeys((load.client(), load.PYTHON_CLIENT)))


@pytest.fixture(params=CLIENTS, ids=lambda client: "Python" if client == load.PYTHON_CLIENT else "C", autouse=True)
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs with both, where this machine compiles the one in C."""
    monkeypatch.setattr(load, "client", lambda: request.param)


class Answering(BaseHTTPRequestHandler):
    """Notes each request, and answers as the class says."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece, and no acknowledgement is waited for
    paths: list[str] = []
    numbers: list[str | None] = []
    gets: Iterator[int] = count()
    bodies: list[bytes] = []
    status = 202
    chunked = False
    stall_seconds = 0.0
    hang_up_at = -1

    def do_GET(self) -> None:
        """Looks slow at first, as a process that is still starting."""
        self.paths.append(self.path)
        if next(self.gets) == 0:
            time.sleep(self.stall_seconds)
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """One request."""
        self.paths.append(self.path)
        self.numbers.append(self.headers["X-Number"])
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        if len(self.bodies) == 1:
            time.sleep(self.stall_seconds)
        if len(self.bodies) == self.hang_up_at:
            self.close_connection = True
            return
        self.send_response(self.status)
        self.send_header("Transfer-Encoding", "chunked") if self.chunked else self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n" if self.chunked else b"hello")
        if self.chunked:
            self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serving(**answers: Any) -> Iterator[tuple[str, list[bytes]]]:
    with serving_paths(**answers) as (url, handler):
        yield f"{url}/register", handler.bodies


@contextmanager
def serving_paths(**answers: Any) -> Iterator[tuple[str, type[Answering]]]:
    handler = type("Handler", (Answering,), {"paths": [], "numbers": [], "gets": count(), "bodies": [], **answers})
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", handler
        finally:
            server.shutdown()


def long_enough(measure: Callable[[float], Counted], enough: Callable[[load.Load], bool]) -> Counted:
    """The first run, of half a second, one, two and so on, that is `enough`: on a busy machine a client
    may not get its turn in a short one."""
    for doublings in range(8):
        found = measure(0.5 * 2**doublings)
        if enough(found[0]):
            return found
    raise AssertionError("a minute was too short")


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_every_answer_is_counted_and_every_person_comes_once(chunked: bool) -> None:
    def measure(seconds: float) -> Counted:
        with serving(chunked=chunked) as (url, bodies):
            return load.post(url, connections=3, seconds=seconds, warm_up=0), bodies

    run, bodies = long_enough(measure, lambda run: run.requests > 3)
    assert run.requests == run.counted == run.accepted == len(bodies)
    assert (run.refused, run.broken) == (0, 0)
    assert len(set(bodies)) == len(bodies)
    assert all(re.fullmatch(rb'\{"name":"Guest (\d{7})","email":"guest\1x\w+@example.com"\}', one) for one in bodies)
    assert 0 < run.p50_ms <= run.p99_ms <= run.p999_ms
    assert run.rate == pytest.approx(run.requests / run.seconds)


def test_a_warm_up_counts_neither_in_the_rate_nor_in_the_waits() -> None:
    stall_seconds = 1.0

    def measure(seconds: float) -> Counted:
        # The stall ends long before the warm-up does.
        with serving(stall_seconds=stall_seconds) as (url, bodies):
            return load.post(url, connections=1, seconds=seconds, warm_up=3 * stall_seconds), bodies

    run, bodies = long_enough(measure, lambda run: run.counted > 0)
    assert run.requests == run.accepted == len(bodies)
    assert run.counted < run.requests
    assert run.rate == pytest.approx(run.counted / run.seconds)
    assert run.p999_ms < 1000 * stall_seconds


def test_several_addresses_are_asked_in_turn_and_each_request_has_the_headers() -> None:
    def measure(seconds: float) -> Counted:
        with serving_paths() as (url, handler):
            urls = [f"{url}/{n}" for n in range(3)]
            run = load.post(urls, connections=1, seconds=seconds, warm_up=0, headers="X-Number: #######\r\n")
        return run, handler

    _, handler = long_enough(measure, lambda run: run.requests > 3)
    assert handler.paths[:4] == ["/0", "/1", "/2", "/0"]
    assert handler.numbers[:3] == ["1000000", "1000001", "1000002"]


def test_refusals_are_no_accepts() -> None:
    def measure(seconds: float) -> Counted:
        with serving(status=409) as (url, bodies):
            return load.post(url, connections=2, seconds=seconds, warm_up=0), bodies

    run, _ = long_enough(measure, lambda run: run.requests > 0)
    assert run.refused == run.requests
    assert run.accepted == 0


def test_a_timetable_is_kept_and_a_stall_is_charged_for_all_that_it_kept_from_being_sent() -> None:
    with serving(stall_seconds=0.4) as (url, bodies):
        run = load.paced(url, rate=200, connections=1, seconds=0.5, warm_up=0)
    assert run.requests == len(bodies) == 100
    # Counted from the sending, one request in a hundred would have waited.
    assert run.p50_ms > 100


def test_a_crowd_that_comes_at_once_waits_from_the_same_moment_on() -> None:
    with serving(stall_seconds=0.2) as (url, bodies):
        began = time.monotonic()
        waits = load.all_at_once(url, people=50, connections=2, patience=100)
        ended = time.monotonic()
    assert len(waits) == len(bodies) == 50
    assert {wait.status for wait in waits} == {202}
    assert max(wait.due for wait in waits) - min(wait.due for wait in waits) < 0.001
    assert began < min(wait.due for wait in waits) < max(wait.answered for wait in waits) < ended
    assert max(wait.answered - wait.due for wait in waits) > 0.2


def test_who_gets_no_answer_has_waited_until_patience_ends() -> None:
    with serving(stall_seconds=0.5) as (url, _):
        waits = load.all_at_once(url, people=3, connections=1, patience=0.1)
    assert [wait.status for wait in waits] == [0, 0, 0]
    assert min(wait.answered - wait.due for wait in waits) >= 0.1


def test_a_fresh_server_is_touched_until_the_last_of_its_processes_has_answered() -> None:
    with serving_paths(stall_seconds=0.5) as (url, handler):
        began = time.monotonic()
        load.touch(url)
        ended = time.monotonic()
    assert set(handler.paths) == {"/health/live"}
    assert len(handler.paths) >= 16
    assert ended - began >= 0.5


def test_a_connection_that_is_lost_is_told_and_another_one_takes_its_place() -> None:
    with serving(hang_up_at=2) as (url, bodies):
        run = load.paced(url, rate=200, connections=1, seconds=0.1, warm_up=0)
    assert (run.requests, run.broken, len(bodies)) == (19, 1, 20)


def test_a_run_with_many_lost_connections_is_not_worth_counting() -> None:
    with serving(hang_up_at=1) as (url, _), pytest.raises(load.ClientFailedError, match="1 broken"):
        load.post(url, connections=1, seconds=0.05, warm_up=0)
