"""The bare connection to Redis: order, flights, errors, and connections that break or say nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import redis
import uvloop
from redis.exceptions import ConnectionError, NoScriptError, ReadOnlyError, RedisError, ResponseError, TimeoutError

from events.admission import scripts
from events.admission.link import Link, can_link
from tests.support.servers import Services

LIST = "test-link:nothing is pushed here"


@asynccontextmanager
async def open_link(url: str) -> AsyncIterator[Link]:
    link = Link(url)
    try:
        yield link
    finally:
        await link.aclose()


@pytest.fixture
def run(servers: Services) -> Callable[[Callable[[Link], Awaitable[Any]]], Any]:
    """Runs a scene with a link to the run's Valkey."""

    def call(scene: Callable[[Link], Awaitable[Any]]) -> Any:
        async def with_link() -> Any:
            async with asyncio.timeout(60), open_link(servers.valkey.url()) as link:
                return await scene(link)

        return uvloop.run(with_link())

    return call


def ask(link: Link, *args: Any) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(link.execute_command(*args))


async def hold(link: Link, redis_client: redis.Redis) -> asyncio.Task[Any]:
    """A flight that is in the air until its connection is killed, or for a minute."""
    number = await link.execute_command("CLIENT", "ID")
    held = ask(link, "BLPOP", LIST, 60)
    while not any(found["id"] == str(number) and "b" in found["flags"] for found in redis_client.client_list()):
        await asyncio.sleep(0.005)
    return held


@contextmanager
def hanging(redis_client: redis.Redis) -> Iterator[None]:
    """A server that takes commands and answers nothing."""
    pid = redis_client.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def connections(redis_client: redis.Redis) -> int:
    return len(redis_client.client_list())


def test_every_call_gets_its_own_reply(run: Any) -> None:
    async def scene(link: Link) -> list[bytes]:
        return await asyncio.gather(*[ask(link, "ECHO", str(n)) for n in range(2000)])

    assert run(scene) == [str(n).encode() for n in range(2000)]


def test_what_is_asked_during_a_flight_leaves_together(run: Any, redis_client: redis.Redis) -> None:
    def reads() -> int:
        return int(redis_client.info("stats")["total_reads_processed"])

    async def scene(link: Link) -> None:
        held = await hold(link, redis_client)
        before = reads()
        asked = []
        for n in range(100):
            asked.append(ask(link, "ECHO", str(n)))
            await asyncio.sleep(0)
        redis_client.rpush(LIST, "go on")
        await held
        assert await asyncio.gather(*asked) == [str(n).encode() for n in range(100)]
        # One of them is for what is pushed, and one for the look at the number itself.
        assert reads() - before <= 5

    run(scene)


def test_an_error_fails_the_call_that_caused_it_and_no_other(run: Any) -> None:
    async def scene(link: Link) -> list[Any]:
        calls = [ask(link, "ECHO", "a"), ask(link, "NO-SUCH-COMMAND"), ask(link, "ECHO", "b")]
        return await asyncio.gather(*calls, return_exceptions=True)

    first, failed, last = run(scene)
    assert (first, last) == (b"a", b"b")
    assert isinstance(failed, ResponseError)


def test_a_server_that_does_not_know_a_script_is_sent_its_text(run: Any, redis_client: redis.Redis) -> None:
    async def scene(link: Link) -> Any:
        with pytest.raises(NoScriptError):
            await link.execute_command("EVALSHA", "0" * 40, 0)
        return await scripts.READ_EVENT.call_async(link, ["{event:1}:state"])

    redis_client.script_flush()
    assert b"not_loaded" in run(scene)


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

    monkeypatch.setattr("events.admission.link.REPLY_TIMEOUT_SECONDS", 0.3)
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


def test_calls_that_come_while_the_connection_is_made_share_it(run: Any, redis_client: redis.Redis) -> None:
    async def scene(link: Link) -> int:
        before = connections(redis_client)
        await asyncio.gather(*[ask(link, "ECHO", n) for n in range(50)])
        return connections(redis_client) - before

    assert run(scene) == 1


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


def test_the_address_says_which_database(servers: Services) -> None:
    async def scene() -> bytes:
        async with open_link(servers.valkey.url(1)) as link:
            found: bytes = await link.execute_command("CLIENT", "INFO")
            return found

    assert b" db=1 " in uvloop.run(scene())


@pytest.mark.parametrize("flown", [True, False], ids=["in flight", "queued"])
def test_a_call_that_is_cancelled_leaves_the_others(run: Any, redis_client: redis.Redis, flown: bool) -> None:
    async def scene(link: Link) -> None:
        held = await hold(link, redis_client)
        others = [ask(link, "ECHO", str(n)) for n in range(3)]
        await asyncio.sleep(0)
        (held if flown else others[1]).cancel()
        redis_client.rpush(LIST, "go on")
        answers = await asyncio.gather(*others, return_exceptions=True)
        assert (answers[0], answers[2]) == (b"0", b"2")
        assert await link.execute_command("ECHO", "after") == b"after"

    run(scene)


def test_a_client_that_leaves_while_the_connection_is_made_does_not_break_it(run: Any) -> None:
    async def scene(link: Link) -> None:
        first, second = ask(link, "ECHO", "a"), ask(link, "ECHO", "b")
        await asyncio.sleep(0)
        first.cancel()
        assert await second == b"b"

    run(scene)


def test_after_it_is_closed_what_waits_has_failed(run: Any, redis_client: redis.Redis) -> None:
    async def scene(link: Link) -> None:
        held = await hold(link, redis_client)
        await link.aclose()
        with pytest.raises(RedisError):
            await held

    run(scene)


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("redis://127.0.0.1:6379/0", True),
        ("redis://:secret@redis.example.org", True),
        ("redis://user:secret@redis.example.org:6379/3", True),
        ("rediss://redis.example.org:6379/0", True),
        ("rediss://redis.example.org/0?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=false", True),
        ("rediss://redis.example.org/0?protocol=3", False),
        ("redis://redis.example.org/0?ssl_ca_certs=/etc/ca.pem", False),
        ("unix:///run/valkey.sock?db=1", False),
        ("redis://redis.example.org/0?protocol=3", False),
        ("redis://redis.example.org/0?socket_timeout=1", False),
    ],
)
def test_an_address_is_linked_unless_it_has_options_other_than_those_of_tls(url: str, linked: bool) -> None:
    assert can_link(url) is linked


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
