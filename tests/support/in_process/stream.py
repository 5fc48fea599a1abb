"""Clients of event streams and long polls in the test's process, with a door over a real Valkey."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import redis
from django.db import connection

from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.models import Event
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for
from tests.support.servers import Services
from worker.drain import Drain

SECONDS = 20.0


class Client:
    """One client of the door, which may hang up, and may stop reading."""

    def __init__(self, visitor: Visitor, path: str, *, query: str = "", method: str = "GET", **headers: str) -> None:
        self._visitor = visitor
        self._scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }
        self._asked = False
        self._gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = False
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        await self._visitor.door(self._scope, self._receive, self._send)

    async def _receive(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        await self.reads.wait()
        self.body += message["body"]
        self.ended = not message.get("more_body")

    def hang_up(self) -> None:
        self._gone.set()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The tickets that came as events so far."""
        lines = self.body.decode().splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]

    @property
    def statuses(self) -> list[str]:
        return [event["status"] for event in self.events]

    async def whole(self) -> Any:
        """The answer, once it is there."""
        await until(lambda: self.ended)
        await self.task
        return json.loads(self.body) if self.body else None


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def closing(visitor: Visitor) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await visitor.door.close()


def scene_with(servers: Services, scene: Callable[[Visitor], Awaitable[None]], *, loader: Any = None) -> None:
    async def run(visitor: Visitor) -> None:
        async with closing(visitor):
            await scene(visitor)

    visit(servers, run, loader=loader)


def path_of(event: Event, key: str) -> str:
    return f"/registrations/{tickets.ticket_id(event_id=event.pk, key=key)}"


def queued(admit: Callable[..., AdmitReply], event: Event, count: int = 1) -> list[str]:
    """Keys of guests who wait for their turn."""
    applications = [apply_for(f"{event.pk}-{n}") for n in range(count)]
    admit(event.pk, applications)
    return [application.key for application in applications]


def run_once(drain: Drain, event: Event) -> None:
    """A drain in a thread, which takes its database connection with it."""
    drain.run(event.pk)
    connection.close()


def subscriptions(client: redis.Redis, event: Event) -> int:
    [(_, count)] = client.pubsub_numsub(event_keys(event.pk).news)
    return int(count)


async def following(client: redis.Redis, event: Event) -> None:
    await until(lambda: subscriptions(client, event) == 1)
