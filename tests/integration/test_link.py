"""The bare connection to Redis: order, flights, and errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import redis
import uvloop
from redis.exceptions import NoScriptError, ResponseError

from events.admission import scripts
from events.admission.link import Link, can_link
from tests.support.in_process.link import LIST, ask, connections, hold, open_link, run_with_link
from tests.support.servers import Services


@pytest.fixture
def run(servers: Services) -> Callable[[Callable[[Link], Awaitable[Any]]], Any]:
    """Runs a scene with a link to the run's Valkey."""
    return partial(run_with_link, servers.valkey.url())


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


def test_calls_that_come_while_the_connection_is_made_share_it(run: Any, redis_client: redis.Redis) -> None:
    async def scene(link: Link) -> int:
        before = connections(redis_client)
        await asyncio.gather(*[ask(link, "ECHO", n) for n in range(50)])
        return connections(redis_client) - before

    assert run(scene) == 1


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
