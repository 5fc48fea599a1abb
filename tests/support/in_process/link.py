"""A link to the run's Valkey, and calls over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import redis
import uvloop

from events.admission.link import Link

LIST = "test-link:nothing is pushed here"


@asynccontextmanager
async def open_link(url: str) -> AsyncIterator[Link]:
    link = Link(url)
    try:
        yield link
    finally:
        await link.aclose()


def run_with_link(url: str, scene: Callable[[Link], Awaitable[Any]]) -> Any:
    """Runs a scene with a link to that server."""

    async def with_link() -> Any:
        async with asyncio.timeout(60), open_link(url) as link:
            return await scene(link)

    return uvloop.run(with_link())


def ask(link: Link, *args: Any) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(link.execute_command(*args))


async def hold(link: Link, redis_client: redis.Redis) -> asyncio.Task[Any]:
    """A flight that is in the air until its connection is killed, or for a minute."""
    number = await link.execute_command("CLIENT", "ID")
    held = ask(link, "BLPOP", LIST, 60)
    while not any(found["id"] == str(number) and "b" in found["flags"] for found in redis_client.client_list()):
        await asyncio.sleep(0.005)
    return held


def connections(redis_client: redis.Redis) -> int:
    return len(redis_client.client_list())
