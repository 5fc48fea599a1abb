"""One POST on the wire: the bytes that are sent, and what is made of any bytes that come back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.support.asyncio_server import Connections
from tests.support.waiting import DEADLINE_SECONDS
from worker.webhooks.client import MAX_RESPONSE_BYTES, Response, WebhookClient

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
BROKEN = Response(None, "broken_answer")


@dataclass
class Wire:
    """Answers each request with the next of `answers`, with the last one from then on; closes behind what says so."""

    answers: list[bytes]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                writer.write(answer)
                if b"connection: close" in answer.lower() or not answer:
                    return


@contextlib.asynccontextmanager
async def on_the_wire(*answers: bytes) -> AsyncIterator[tuple[Wire, WebhookClient]]:
    wire = Wire(list(answers))
    connections = Connections(wire.serve)
    server = await asyncio.start_server(connections.accept, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?of=7"
    async with WebhookClient(allow_private=True) as client:
        yield wire, client
    await connections.end(server)


async def post(wire: Wire, client: WebhookClient, **headers: str) -> Response:
    return await client.post(wire.url, body=b"{}", headers=headers or {"webhook-id": "msg_1"})


def answered(*answers: bytes, times: int = 1) -> tuple[list[Response], Wire]:
    """The responses to so many requests, one after the other, and what was on the wire."""

    async def run() -> tuple[list[Response], Wire]:
        async with on_the_wire(*answers) as (wire, client):
            return [await post(wire, client) for _ in range(times)], wire

    return asyncio.run(run())


def test_a_request_is_its_line_the_host_the_headers_and_the_body() -> None:
    _, wire = answered(OK)
    host = wire.url.split("/")[2]
    lines = ["POST /hooks?of=7 HTTP/1.1", f"Host: {host}", "webhook-id: msg_1", "Content-Length: 2"]
    assert wire.requests == ["\r\n".join([*lines, "", "{}"]).encode()]


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK, Response(204)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Response(200)),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil it is closed", Response(200)),
        (b"HTTP/1.0 500 \r\nContent-Length: 0\r\n\r\n", Response(500, "bad_status")),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", Response(304, "redirect")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntwo", BROKEN),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n", BROKEN),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", BROKEN),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000 + b"\r\n\r\n", BROKEN),
        (b"Connection: close\r\n\r\n", BROKEN),
        (b"", BROKEN),
    ],
)
def test_an_answer_is_its_last_status_or_broken(answer: bytes, response: Response) -> None:
    assert answered(answer)[0] == [response]


@pytest.mark.parametrize(
    ("first", "connections"),
    [
        (OK, 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1),
        (b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 2),
        # A second answer that no one has asked for would be taken for that to the next request.
        (OK + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n", 2),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (MAX_RESPONSE_BYTES * 4, bytes(MAX_RESPONSE_BYTES)), 2),
    ],
)
def test_a_connection_is_used_again_if_the_whole_answer_was_read_and_nothing_else_came(
    first: bytes, connections: int
) -> None:
    responses, wire = answered(first, OK, times=2)
    assert responses[1] == Response(204)
    assert wire.connections == connections


def test_a_header_cannot_begin_another_line() -> None:
    async def run() -> None:
        async with on_the_wire(OK) as (wire, client):
            for value in ("1\r\nX-Other: 1", "1\nX-Other: 1", "1\r"):
                assert await post(wire, client, **{"webhook-id": value}) == BROKEN
            assert wire.requests == []

    asyncio.run(run())


def test_a_request_that_is_cancelled_leaves_no_connection_behind() -> None:
    async def run() -> None:
        async with on_the_wire(b"HTTP/1.1 100 Continue\r\n\r\n", OK) as (wire, client):
            task = asyncio.create_task(post(wire, client))
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not wire.requests:
                    await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await post(wire, client) == Response(204)
            assert wire.connections == 2

    asyncio.run(run())
