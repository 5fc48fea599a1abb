"""The crowd's own HTTP: what it reads, what it refuses, and how a line comes back after a failure."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from rehearsal.http import ConnectionLost, Target, Unreadable, parse_response, parse_target
from rehearsal.retrying import RetryingConnection
from tests.support.asyncio_server import Connections

PLAIN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\nRetry-After: 3\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2;x=y\r\ndy\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, EMPTY])
def test_an_answer_is_whole_only_at_its_last_byte(answer: bytes) -> None:
    assert all(parse_response(answer[:end]) is None for end in range(len(answer)))
    response = parse_response(answer)
    assert response is not None
    assert response.body == (b"" if answer is EMPTY else b"body")


def test_header_names_are_read_in_any_letter_case() -> None:
    response = parse_response(PLAIN)
    assert response is not None
    assert (response.status, response.headers["retry-after"]) == (202, "3")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 40_000,
    ],
)
def test_what_is_no_answer_is_refused_and_not_guessed(answer: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_response(answer)


def test_an_address_may_have_a_prefix_and_needs_no_port() -> None:
    assert parse_target("https://events.example.com/omnify/") == Target("events.example.com", 443, True, "/omnify")
    request = parse_target("http://[::1]:8000").request("GET", "/events/1")
    assert request == b"GET /events/1 HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n"


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def ask_a_service(script: list[bytes], *, give_up: bool = False) -> tuple[int | None, Counter[str], list[bytes]]:
    """The status that a line gets from a service that answers by `script` (b"" hangs up), its retries, what it sent."""
    sent: list[bytes] = []
    retries: Counter[str] = Counter()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(4096):
            sent.append(request)
            answer = script.pop(0)
            if not answer:
                break
            writer.write(answer)

    async def send() -> int | None:
        given_up = asyncio.Event()
        if give_up:
            given_up.set()
        connections = Connections(serve)
        server = await asyncio.start_server(connections.accept, "127.0.0.1", 0)
        target = Target("127.0.0.1", server.sockets[0].getsockname()[1], False, "")
        line = RetryingConnection(target=target, retries=retries, given_up=given_up)
        try:
            response = await line.send(target.request("GET", "/"))
            return None if response is None else response.status
        finally:
            line.close()
            await connections.end(server)

    return asyncio.run(send()), retries, sent


def refusal(status: int) -> bytes:
    return f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n".encode()


def test_a_line_asks_the_same_again_after_a_hang_up_and_after_503_and_429() -> None:
    status, retries, sent = ask_a_service([b"", refusal(503), refusal(429), PLAIN])
    assert status == 202
    assert retries == {"connection": 1, "503": 1, "429": 1}
    assert len(set(sent)) == 1


@pytest.mark.parametrize("status", [200, 400, 404, 409, 422, 500])
def test_any_other_answer_is_the_answer(status: int) -> None:
    assert ask_a_service([refusal(status)])[:2] == (status, Counter())


def test_no_request_is_made_once_the_rehearsal_is_given_up() -> None:
    assert ask_a_service([PLAIN], give_up=True) == (None, Counter(), [])


def test_an_answer_that_is_no_http_is_not_asked_for_again() -> None:
    with pytest.raises(Unreadable):
        ask_a_service([b"SSH-2.0-OpenSSH\r\n\r\n"])


def test_a_connection_to_an_unused_port_is_lost() -> None:
    from rehearsal.http import Connection

    with pytest.raises(ConnectionLost):
        asyncio.run(Connection.open(Target("127.0.0.1", 1, False, ""), seconds=5))
