"""People who register and give back over the service's own HTTP interface, in this process and without a socket.

For what a measure needs before its clock starts: fast, in an order of the caller's choice, and with no knowledge of
what the door writes into its queue.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, TypeVar

from bench import load

Result = TypeVar("Result")
_SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "scheme": "http",
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 1),
}
_JSON = [(b"content-type", b"application/json")]
AT_ONCE = 500  # as many as the door sends in one batch


class Door:
    """The service as one application inside this process; `async with` starts and ends it, as a server would."""

    def __init__(self) -> None:
        from omnify.asgi import Service

        self._app = Service()
        self._told: asyncio.Queue[str] = asyncio.Queue()
        self._said: asyncio.Queue[str] = asyncio.Queue()

    async def __aenter__(self) -> Door:
        self._life = asyncio.create_task(self._app({"type": "lifespan"}, self._receive, self._send))
        await self._tell("lifespan.startup")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tell("lifespan.shutdown")
        await self._life

    async def _tell(self, what: str) -> None:
        self._told.put_nowait(what)
        await self._said.get()

    async def _receive(self) -> dict[str, str]:
        return {"type": await self._told.get()}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self._said.put_nowait(message["type"])

    async def register(self, event_id: int, count: int) -> list[str]:
        """Paths of the tickets of so many people who exist once, in the order in which they were admitted."""
        seed, path = load.fresh_seed(), f"/events/{event_id}/register"
        bodies = [{"name": f"Guest {n}", "email": f"guest{n}x{seed}@example.com"} for n in range(count)]
        found: list[str] = []
        for first in range(0, count, AT_ONCE):
            part = [self._ask("POST", path, json.dumps(body).encode()) for body in bodies[first : first + AT_ONCE]]
            found += [ticket["status_url"] for ticket in await asyncio.gather(*part)]
        return found

    async def give_back(self, paths: Sequence[str]) -> None:
        """Gives tickets back."""
        await asyncio.gather(*(self._ask("DELETE", path) for path in paths))

    async def confirm(self, paths: Sequence[str]) -> None:
        """Takes the seats that are set aside."""
        for first in range(0, len(paths), AT_ONCE):
            part = paths[first : first + AT_ONCE]
            await asyncio.gather(*(self._ask("POST", f"{path}/confirm", b"{}") for path in part))

    async def _ask(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        from events.pages.internal_client import request

        reply = await request(self._app, dict(_SCOPE), method, path, headers=_JSON if body else (), body=body)
        if reply.status >= 400:
            raise load.ClientFailedError(f"{method} {path}: {reply.status} {reply.body[:200]!r}")
        data: dict[str, str] = json.loads(reply.body)["data"]
        return data


def with_door(work: Callable[[Door], Awaitable[Result]]) -> Result:
    """Runs `work` with a door of its own."""

    async def run() -> Result:
        async with Door() as door:
            return await work(door)

    return asyncio.run(run())


def register(event_id: int, count: int) -> list[str]:
    """Paths of the tickets of so many people who exist once."""
    return with_door(lambda door: door.register(event_id, count))
