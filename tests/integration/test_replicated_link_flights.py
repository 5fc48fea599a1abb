"""Which calls a replicated link sends a wait for replicas with, and which reply belongs to which call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis

from events.admission.gate import Gate
from events.admission.keys import event_keys
from events.admission.open_gate import open_gate
from events.admission.replicated_link import ReplicatedLink
from omnify.common.redis_client import connect_async
from tests.support.in_process.events import open_event
from tests.support.in_process.gate import apply_for, kinds
from tests.support.replicated_valkey import ReplicatedValkey

pytestmark = pytest.mark.django_db(transaction=True)


def test_events_that_are_busy_at_once_share_a_wait_and_keep_their_own_answers(pair: ReplicatedValkey) -> None:
    event, other = open_event(pair.primary.client), open_event(pair.primary.client)

    async def scene() -> None:
        link = ReplicatedLink(pair.primary.valkey.url(), replicas=1)
        gate = Gate(connect_async(pair.primary.valkey.url()), queue_limit=1000, replicated=link)
        await gate.admit(event.pk, [apply_for(1)])
        before = waits(pair)
        calls = [gate.admit(one.pk, [apply_for(n)]) for n in range(2, 5) for one in (event, other)]
        refused = link.execute_command("EVALSHA", "0" * 40, 1, event_keys(event.pk).state)
        *replies, error = await asyncio.gather(*calls, refused, return_exceptions=True)
        assert [reply.answers[0].sequence for reply in replies] == [2, 1, 3, 2, 4, 3]
        assert isinstance(error, redis.exceptions.NoScriptError)
        assert waits(pair) == before + 1
        await link.aclose()

    asyncio.run(scene())


def test_what_was_sent_before_the_first_write_keeps_its_reply(pair: ReplicatedValkey) -> None:
    """A flight without a wait may be in the air when the first script is called."""

    async def scene() -> None:
        link = ReplicatedLink(pair.primary.valkey.url(), replicas=1)
        connection = await link.open()
        read = connection.ask(("ECHO", "read"))
        await asyncio.sleep(0)
        written = connection.ask(("EVAL", "return 7", 1, "{test}:replicated-link"))
        assert [await read, await written] == [b"read", 7]
        await link.aclose()

    asyncio.run(scene())


@pytest.mark.parametrize("wanted", [0, 1])
def test_only_a_gate_that_waits_for_replicas_sends_a_wait(wanted: int, pair: ReplicatedValkey) -> None:
    event = open_event(pair.primary.client)

    async def scene() -> None:
        gate = open_gate(pair.primary.valkey.url(), replicas=wanted, queue_limit=1000)
        before = waits(pair)
        assert kinds(await gate.admit(event.pk, [apply_for(1)])) == ["admitted"]
        assert (waits(pair) > before) is bool(wanted)
        await gate.aclose()

    asyncio.run(scene())


def waits(pair: ReplicatedValkey) -> int:
    found: Any = pair.primary.client.info("commandstats")
    return int(found.get("cmdstat_wait", {"calls": 0})["calls"])
