"""A door says no status behind one that was seen, also when a replica has taken over that lacks it, and with no worker
running."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from events.admission.heartbeat import seen_servers
from events.admission.keys import event_keys
from events.domain.snapshot import EventProgress
from events.door.loader import DatabaseUnavailable
from events.models import Event
from omnify.common.redis_nodes import replication_ids
from tests.support.in_process import door
from tests.support.in_process.door import NoLoader, Reply, Visitor
from tests.support.in_process.drain import make_drain, make_queue
from tests.support.in_process.events import open_event
from tests.support.in_process.failover import Night, play
from tests.support.in_process.lag import make_sweep
from tests.support.in_process.stream import SECONDS, Client, until
from tests.support.replicated_valkey import ReplicatedValkey
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = ("first decision", "given back", "promoted", "closed", "checked in")
WAYS = ("fast poll", "stream", "retry", "fast retry", "giving back", "held")


@pytest.fixture
def pair_to_kill(db: None) -> Iterator[ReplicatedValkey]:
    servers = ReplicatedValkey().start()
    yield servers
    servers.close()


class Away(NoLoader):
    """A ledger that is out of reach."""

    async def find_progress(self, event_id: int) -> EventProgress:
        raise DatabaseUnavailable


async def patiently(ask: Callable[[], Awaitable[Reply]]) -> Reply:
    """Asks until the answer is not 503: on a slow machine, comparing takes longer than a client waits."""
    async with asyncio.timeout(SECONDS):
        while (reply := await ask())[0] == 503:
            await asyncio.sleep(0.05)
    return reply


async def status_of(visitor: Visitor, path: str, method: str = "GET") -> str:
    return str((await patiently(lambda: visitor.ask(method, path)))[2]["data"]["status"])


async def stream(visitor: Visitor, path: str) -> str:
    statuses: list[str] = []
    async with asyncio.timeout(SECONDS):
        while not statuses:
            client = Client(visitor, f"{path}/events")
            await until(lambda: client.ended or bool(client.statuses))  # noqa: B023 - it is awaited here
            client.hang_up()
            statuses = client.statuses
    return statuses[0]


async def retry(visitor: Visitor, event: Event) -> str:
    status, _, answer = await patiently(lambda: visitor.register(event.pk, 3, idempotency_key="guest-3"))
    assert status == 202
    return str(answer["data"]["status"])


def test_every_answer_says_what_was_seen_on_the_server_that_died(
    pair_to_kill: ReplicatedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of change by polls, and a ticket that is queued still on the server that took over in every other way.
    A ledger that is away holds up only what may be behind."""
    night = Night(pair_to_kill, KINDS + WAYS)
    paths = {name: [f"/registrations/{ticket}" for ticket in known] for name, known in night.tickets.items()}
    third = {name: known[2] for name, known in paths.items()}

    async def without_ledger(visitor: Visitor) -> list[Reply]:
        event = night.events["closed"]
        return [
            await visitor.register(night.events["retry"].pk, 4),
            await visitor.register(event.pk, 3, idempotency_key="guest-3"),
            await visitor.ask("GET", third["closed"]),
        ]

    async def with_ledger(visitor: Visitor) -> dict[str, Any]:
        found: dict[str, Any] = {name: [await status_of(visitor, path) for path in paths[name]] for name in KINDS}
        found["stream"] = await stream(visitor, third["stream"])
        found["retry"] = await retry(visitor, night.events["retry"])
        found["giving back"] = await status_of(visitor, third["giving back"], "DELETE")
        found["held"] = (await patiently(lambda: visitor.ask("POST", paths["held"][1] + "/confirm")))[0]
        with monkeypatch.context() as patch:
            patch.setattr(door, "USE_FAST_PATH", True)
            found["fast poll"] = await status_of(visitor, third["fast poll"])
            found["fast retry"] = await retry(visitor, night.events["fast retry"])
        return found

    new, *refused = play(night.url, without_ledger, loader=Away())
    assert (new[0], new[2]["data"]["status"]) == (202, "queued")
    for status, headers, answer in refused:
        assert (status, answer["code"]) == (503, "unavailable")
        assert int(headers["retry-after"]) >= 1
    assert play(night.url, with_ledger) == {
        **{name: night.seen[name] for name in KINDS},
        **dict.fromkeys(WAYS, "waitlisted"),
        "held": 202,
    }
    assert night.seen["given back"] == ["cancelled", "confirmed", "waitlisted"]
    assert night.seen["closed"] == ["cancelled", "cancelled", "rejected"]
    assert night.seen["held"] == ["cancelled", "held", "waitlisted"]


def test_a_sweep_publishes_what_is_missing_and_doors_ask_redis_alone_again(pair_to_kill: ReplicatedValkey) -> None:
    """Also decisions on what the queue still has, before any drain comes. A connection that is older learns it too."""
    night = Night(pair_to_kill, KINDS)
    sweep = make_sweep(night.client, make_queue(night.client))

    async def scene(visitor: Visitor) -> dict[str, list[str]]:
        path = f"/registrations/{night.tickets['promoted'][0]}"
        assert (await visitor.ask("GET", path))[0] == 503
        await asyncio.to_thread(sweep.once)
        return {
            name: [await status_of(visitor, f"/registrations/{ticket}") for ticket in known]
            for name, known in night.tickets.items()
        }

    assert play(night.url, scene, loader=Away()) == night.seen
    assert replication_ids(night.client) <= seen_servers(night.client)
    assert night.client.xlen(event_keys(night.events["promoted"].pk).queue) == 1


def test_a_server_that_was_only_started_again_is_taken_at_its_word() -> None:
    """So it tells what it knows while the database is away too: a poll and a repeated registration are answered."""
    alone = ReplicatedValkey(replicas=0).start()
    try:
        client = alone.primary.client
        event = open_event(client, max_capacity=1, waitlist_capacity=1)

        async def register(visitor: Visitor) -> list[Reply]:
            return [await visitor.register(event.pk, guest, idempotency_key=f"guest-{guest}") for guest in (1, 2)]

        ids = [
            answer["data"]["ticket_id"]
            for _, _, answer in play(alone.primary.valkey.url(), register, loader=NoLoader())
        ]
        make_drain(make_queue(client)).run(event.pk)
        alone.primary.kill()
        alone.primary.start()
        wait_until(alone.primary.answers, "it answers again")

        async def ask(visitor: Visitor) -> list[str]:
            polls = [await visitor.ask("GET", f"/registrations/{ticket}") for ticket in ids]
            return [reply[2]["data"]["status"] for reply in (*polls, *await register(visitor))]

        assert replication_ids(client).isdisjoint(seen_servers(client))
        statuses = play(alone.primary.valkey.url(), ask, loader=NoLoader())
        assert statuses == ["confirmed", "waitlisted", "confirmed", "waitlisted"]
    finally:
        alone.close()
