"""A door without a server, called as an ASGI application or, with `both_ways`, through its fast path."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import redis

from events.admission.gate import Gate
from events.admission.heartbeat import note_servers
from events.admission.link import Link
from events.domain.decision_log.receipts import ReceiptSigner
from events.domain.outcome import Outcome
from events.domain.rate_limit import RateLimit
from events.domain.snapshot import EventProgress
from events.domain.tickets import Tickets
from events.door.app import Door
from events.door.responses import Response, all_headers
from omnify.common.asgi_types import Header
from omnify.common.redis_client import connect, connect_async
from omnify.common.redis_nodes import replication_ids
from omnify.recognizer import PlainPoll, PlainRegistration, recognize
from tests.support.in_process.events import tickets
from tests.support.servers import Services

if TYPE_CHECKING:
    from events.door.traced import DoorTraces

Reply = tuple[int, dict[str, str], Any]

# Set by the fixture `both_ways`.
USE_FAST_PATH = False


class NoLoader:
    """A loader for tests in which the door must find everything in Redis."""

    async def load_event(self, event_id: int) -> bool:
        raise AssertionError("the door asked the ledger for an event")

    async def find_progress(self, event_id: int) -> EventProgress:
        raise AssertionError("the door compared an event with the ledger")

    async def catch_up(self, event_id: int) -> None:
        raise AssertionError("the door published what Redis lacks")

    async def find_outcome(self, event_id: int, key: str) -> Outcome | None:
        raise AssertionError("the door asked the ledger for a ticket")

    async def note_payment(self, event_id: int, key: str, payment_reference: str) -> bool:
        raise AssertionError("the door asked the ledger for a payment")

    async def find_grant(self, token_hash: str) -> Any:
        raise AssertionError("the door asked the ledger for a token")

    async def waitlist_position(self, event_id: int, key: str) -> int | None:
        raise AssertionError("the door asked the ledger for a place")


class Connection:
    """A connection that keeps the response."""

    is_closed = False

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.response: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def send(self, response: Response) -> None:
        self.response.set_result(response)


def _reply(status: int, headers: Sequence[Header], body: bytes) -> Reply:
    found = {name.decode(): value.decode() for name, value in headers}
    return status, found, json.loads(body) if body else None


def _request(method: str, path: str, headers: Sequence[Header], body: bytes) -> bytes:
    lines = b"".join(b"%b: %b\r\n" % header for header in (*headers, (b"Content-Length", b"%d" % len(body))))
    return f"{method} {path} HTTP/1.1\r\nHost: example.org\r\n".encode() + lines + b"\r\n" + body


class Visitor:
    """Calls a door the way the server does."""

    def __init__(self, door: Door, woken: list[int], gate: Any = None) -> None:
        self.door = door
        self.gate = gate
        self.woken = woken
        self.address = "192.0.2.1"

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if USE_FAST_PATH:
            found = await self._ask_on_fast_path(method, path, body, raw)
            if found is not None:
                return found
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        client = (self.address, 50_000)
        await self.door(
            {"type": "http", "method": method, "path": path, "headers": raw, "client": client}, receive, send
        )
        start, end = sent
        return _reply(start["status"], start["headers"], end["body"])

    async def _ask_on_fast_path(self, method: str, path: str, body: bytes, headers: Sequence[Header]) -> Reply | None:
        """None for what is not plain."""
        connection = Connection(self.address)
        found = recognize(_request(method, path, headers, body))
        if isinstance(found, PlainRegistration):
            self.door.fast_path.register(connection, found.event_id, found.headers, found.body)
        elif isinstance(found, PlainPoll):
            self.door.fast_path.status(connection, found.ticket_id, found.headers)
        else:
            return None
        response = await connection.response
        return _reply(response.status, all_headers(response), response.body)

    async def register(self, event_id: int, number: int | str, **headers: str) -> Reply:
        return await self.ask_for(event_id, number, {}, **headers)

    async def ask_for(self, event_id: int, number: int | str, fields: dict[str, Any], **headers: str) -> Reply:
        """Registers with more fields than a name and an e-mail."""
        body = json.dumps({"name": f"Guest {number}", "email": f"guest{number}@example.com", **fields}).encode()
        return await self.ask("POST", f"/events/{event_id}/register", body, content_type="application/json", **headers)


def compared(url: str) -> None:
    """Notes, as a sweep does, that what the server shows has been compared with the ledger; if it is there."""
    with connect(url) as client, contextlib.suppress(redis.exceptions.ConnectionError):
        note_servers(client, replication_ids(client))


def visit(
    servers: Services,
    scene: Callable[[Visitor], Awaitable[Any]],
    *,
    loader: Any = None,
    limit: RateLimit | None = None,
    refusals: RateLimit | None = None,
    secrets: Tickets = tickets,
    trusted_proxies: int = 0,
    receipts: ReceiptSigner | None = None,
    traces: DoorTraces | None = None,
) -> Any:
    """Runs a scene with a door of its own; whatever it passes on to Django fails the test."""

    async def behind(*args: Any) -> None:
        raise AssertionError("the door passed it on")

    async def run() -> Any:
        client = connect_async(servers.valkey.url())
        link = Link(servers.valkey.url()) if USE_FAST_PATH else None
        compared(servers.valkey.url())
        woken: list[int] = []
        gate = Gate(client, queue_limit=1000, link=link, address_limit=limit, refusal_limit=refusals)
        door = Door(
            gate=gate,
            tickets=secrets,
            loader=loader or NoLoader(),
            wake=woken.append,
            app=behind,
            trusted_proxies=trusted_proxies,
            receipts=receipts,
            traces=traces,
        )
        try:
            return await scene(Visitor(door, woken, gate))
        finally:
            await client.aclose()
            if link is not None:
                await link.aclose()

    return asyncio.run(run())
