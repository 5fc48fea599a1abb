"""The bare connection to Redis: connections that break, say nothing, or are closed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
import redis
import uvloop
from redis.exceptions import ConnectionError, ReadOnlyError, RedisError, ResponseError, TimeoutError

from events.admission.link import Link
from tests.support.in_process.link import LIST, ask, connections, hold, open_link, run_with_link
from tests.support.servers import Services


@pytest.fixture
def run(servers: Services) -> Callable[[Callable[[Link], Awaitable[Any]]], Any]:
    """Runs a scene with a link to the run's Valkey."""
    return partial(run_with_link, servers.valkey.url())


@contextmanager
def hanging(redis_client: redis.Redis) -> Iterator[None]:
    """A server that takes commands and answers nothing."""
    pid = redis_client.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_connection_that_breaks_fails_all_that_wait_and_the_next_call_makes_another(
    run: Any, redis_client: redis.Redis
) -> None:
    async def scene(link: Link) -> None:
        number = await link.execute_command("CLIENT", "ID")
        waiting = [await hold(link, redis_client), ask(link, "ECHO", "a"), ask(link, "ECHO", "b")]
        await asyncio.sleep(0)
        redis_client.client_kill_filter(_id=number)
        failed = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(problem) for problem in failed] == [ConnectionError] * 3
        assert await link.execute_command("ECHO", "c") == b"c"

    run(scene)


def test_a_server_that_hangs_fails_all_that_wait_and_is_asked_again_when_it_is_back(
    run: Any, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(link: Link) -> None:
        await link.execute_command("ECHO", "a")
        with hanging(redis_client):
            failed = await asyncio.gather(*[ask(link, "ECHO", n) for n in range(10)], return_exceptions=True)
            assert [type(problem) for problem in failed] == [TimeoutError] * 10
        monkeypatch.undo()
        assert await link.execute_command("ECHO", "b") == b"b"

    monkeypatch.setattr("events.admission.connection.REPLY_TIMEOUT_SECONDS", 0.3)
    run(scene)


def test_a_server_that_hangs_while_the_connection_is_made_fails_all_that_wait_for_it(
    run: Any, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(link: Link) -> None:
        with hanging(redis_client):
            failed = await asyncio.gather(*[ask(link, "ECHO", n) for n in range(3)], return_exceptions=True)
            assert [type(problem) for problem in failed] == [TimeoutError] * 3
        monkeypatch.undo()
        assert await link.execute_command("ECHO", "b") == b"b"

    monkeypatch.setattr("events.admission.link.CONNECT_TIMEOUT_SECONDS", 0.3)
    run(scene)


def test_a_wrong_password_is_an_error_and_leaves_no_connection(servers: Services, redis_client: redis.Redis) -> None:
    before = connections(redis_client)

    async def scene() -> None:
        async with open_link(servers.valkey.url().replace(servers.valkey.password, "wrong")) as link:
            for _ in range(3):
                with pytest.raises(ResponseError):
                    await link.execute_command("ECHO", "a")
            while connections(redis_client) > before:
                await asyncio.sleep(0.005)

    uvloop.run(asyncio.wait_for(scene(), 60))


def test_a_server_that_is_away_is_an_error_of_the_call() -> None:
    async def scene() -> None:
        async with open_link("redis://127.0.0.1:1/0") as link:
            with pytest.raises(OSError):
                await link.execute_command("ECHO", "a")

    uvloop.run(scene())


def test_after_it_is_closed_what_waits_has_failed(run: Any, redis_client: redis.Redis) -> None:
    async def scene(link: Link) -> None:
        held = await hold(link, redis_client)
        await link.aclose()
        with pytest.raises(RedisError):
            await held

    run(scene)


def test_a_master_that_has_become_a_replica_ends_the_connection(run: Any, redis_client: redis.Redis) -> None:
    async def scene(link: Link) -> None:
        before = await link.execute_command("CLIENT", "ID")
        redis_client.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            with pytest.raises(ReadOnlyError):
                await link.execute_command("SET", LIST, "refused", "EX", "60")
        finally:
            redis_client.execute_command("REPLICAOF", "NO", "ONE")
        assert await link.execute_command("CLIENT", "ID") != before

    run(scene)


@pytest.mark.parametrize("turns", range(12))
def test_a_connection_that_is_being_made_ends_with_the_link(run: Any, redis_client: redis.Redis, turns: int) -> None:
    before = connections(redis_client)

    async def scene(link: Link) -> None:
        asked = ask(link, "ECHO", "a")
        for _ in range(turns):
            await asyncio.sleep(0)
        await link.aclose()
        with suppress(ConnectionError):
            assert await asked == b"a"
        with pytest.raises(ConnectionError):
            await link.execute_command("ECHO", "b")
        while connections(redis_client) > before:
            await asyncio.sleep(0.005)

    run(scene)


def test_an_idle_connection_is_closed_and_one_with_a_call_is_not(run: Any, redis_client: redis.Redis) -> None:
    async def scene(link: Link) -> None:
        before = connections(redis_client)
        held = await hold(link, redis_client)
        link.close_idle()
        redis_client.rpush(LIST, "go on")
        assert await held is not None
        link.close_idle()
        while connections(redis_client) > before:
            await asyncio.sleep(0.005)
        assert await link.execute_command("ECHO", "a") == b"a"

    run(scene)
