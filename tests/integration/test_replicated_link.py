"""Calls that are answered when a replica has them: at the door, and where the API sends commands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from events.admission.calls import CancelRequest
from events.admission.commands import enqueue_closing
from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.keys import event_keys
from events.admission.link import Link
from events.admission.queue import Queue
from events.admission.replicated_link import ReplicatedLink
from events.ledger.commit import Batch, commit_batch
from events.ledger.queries import event_snapshot
from events.models import Event
from events.secrets import tickets
from omnify.common import replicas
from omnify.common.redis_client import connect_async
from omnify.common.replicas import AsyncReplicatedClient, NotReplicated, ReplicatedClient
from tests.support.in_process.drain import make_drain
from tests.support.in_process.events import commits_that_the_standby_lacks, open_event
from tests.support.in_process.gate import apply_for, kinds
from tests.support.replicated_valkey import ReplicatedValkey
from worker.drain import Drained
from worker.unfounded import take_back

pytestmark = pytest.mark.django_db(transaction=True)

Scene = Callable[[Gate], Awaitable[Any]]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica on a busy machine may take long, and a test that it has answered is no matter of luck."""
    monkeypatch.setattr(replicas, "WAIT_MS", 4000)


@contextmanager
def without_replica(pair: ReplicatedValkey) -> Iterator[None]:
    """The replica is frozen meanwhile, and is not waited for as long as usual."""
    with pytest.MonkeyPatch.context() as patch, pair.replicas[0].frozen():
        patch.setattr(replicas, "WAIT_MS", 100)
        yield


@pytest.fixture
def event(db: None, pair: ReplicatedValkey) -> Event:
    made: Event = open_event(pair.primary.client)
    return made


@pytest.fixture(params=["link", "client"])
def run(request: pytest.FixtureRequest, pair: ReplicatedValkey) -> Callable[[Scene], Any]:
    """Runs a scene with a gate that waits for one replica, on a bare connection or through redis-py."""
    url = pair.primary.valkey.url()

    async def with_gate(scene: Scene) -> Any:
        client, link, replicated = connect_async(url), Link(url), ReplicatedLink(url, replicas=1)
        bare = request.param == "link"
        writer = replicated if bare else AsyncReplicatedClient(client, 1)
        try:
            async with asyncio.timeout(60):
                return await scene(Gate(client, queue_limit=1000, link=link if bare else None, replicated=writer))
        finally:
            await asyncio.gather(client.aclose(), link.aclose(), replicated.aclose())

    return lambda scene: asyncio.run(with_gate(scene))


def queued(client: Any, event: Event) -> list[str]:
    return [fields[b"t"].decode() for _, fields in client.xrange(event_keys(event.pk).queue)]


def test_an_admitted_registration_is_on_the_replica(run: Any, pair: ReplicatedValkey, event: Event) -> None:
    guests = [apply_for(number) for number in range(3)]

    async def scene(gate: Gate) -> None:
        assert kinds(await gate.admit(event.pk, guests)) == ["admitted"] * 3
        with pair.primary.frozen():
            assert queued(pair.replicas[0].client, event) == [guest.key for guest in guests]

    run(scene)


def test_without_the_replica_there_is_no_answer_and_the_retry_waits_for_it_again(
    run: Any, pair: ReplicatedValkey, event: Event
) -> None:
    """The retry writes nothing, so that WAIT alone would say at once that the replica has it."""
    guest = apply_for(1, note="a retry's")

    async def scene(gate: Gate) -> None:
        with without_replica(pair):
            for _ in range(2):
                with pytest.raises(QueueUnavailable, match="NotReplicated"):
                    await gate.admit(event.pk, [guest])
            assert queued(pair.primary.client, event) == [guest.key]
        assert kinds(await gate.admit(event.pk, [guest])) == ["queued"]
        assert queued(pair.replicas[0].client, event) == [guest.key]

    run(scene)


def test_the_retry_on_a_new_connection_waits_for_the_replica_too(
    run: Any, pair: ReplicatedValkey, event: Event
) -> None:
    """As after the client has come to another door."""
    guest = apply_for(1, note="a retry's")

    async def attempt(gate: Gate) -> None:
        with pytest.raises(QueueUnavailable, match="NotReplicated"):
            await gate.admit(event.pk, [guest])

    with without_replica(pair):
        run(attempt)
        run(attempt)


def test_a_cancellation_waits_for_the_replica_and_so_does_its_repeat(
    run: Any, pair: ReplicatedValkey, event: Event
) -> None:
    guest = apply_for(1)
    request = CancelRequest(guest.key, held_in_ledger=False)

    async def scene(gate: Gate) -> None:
        await gate.admit(event.pk, [guest])
        with without_replica(pair):
            for _ in range(2):
                with pytest.raises(QueueUnavailable, match="NotReplicated"):
                    await gate.cancel(event.pk, [request])
        assert kinds(await gate.cancel(event.pk, [request])) == ["repeated"]

    run(scene)


def test_reads_do_not_wait_for_the_replica(run: Any, pair: ReplicatedValkey, event: Event) -> None:
    guest = apply_for(1)

    async def scene(gate: Gate) -> None:
        await gate.admit(event.pk, [guest])
        with pair.replicas[0].frozen():
            waiting = asyncio.create_task(gate.admit(event.pk, [apply_for(2)]))
            assert kinds(await gate.statuses(event.pk, [guest.key])) == ["queued"]
            assert (await gate.event(event.pk))[1].event_id == event.pk
            assert not waiting.done()
        await waiting

    run(scene)


def test_a_command_of_the_organizers_is_on_the_replica_or_fails(pair: ReplicatedValkey, event: Event) -> None:
    client = ReplicatedClient(pair.primary.client, 1)
    snapshot = event_snapshot(event)
    enqueue_closing(client, snapshot, key="a" * 12)
    assert queued(pair.replicas[0].client, event) == ["a" * 12]
    with without_replica(pair), pytest.raises(NotReplicated):
        enqueue_closing(client, snapshot, key="b" * 12)


def test_a_drain_gets_and_publishes_only_what_the_replica_has(run: Any, pair: ReplicatedValkey, event: Event) -> None:
    """A replica that takes over gives no sequence again that was decided, and has every outcome that was seen."""
    queue = Queue(pair.primary.client, replicas=1)
    assert queue.head(event.pk, count=10) == []
    run(lambda gate: gate.admit(event.pk, [apply_for(1)]))
    (entry,) = queue.head(event.pk, count=10)
    done = commit_batch(event.pk, Batch(commands=[entry.command], digest=tickets().email_digest))
    with without_replica(pair):
        with pytest.raises(NotReplicated):
            queue.head(event.pk, count=10)
        with pytest.raises(NotReplicated):
            queue.publish(event=done.event, outcomes=done.outcomes, entries=[entry])
        assert queued(pair.primary.client, event) == [entry.key]
    queue.publish(event=done.event, outcomes=done.outcomes, entries=[entry])
    assert queued(pair.primary.client, event) == []


def test_a_cancellation_that_a_promoted_database_lacks_is_queued_again_on_the_replica_or_taken_back_later(
    run: Any, pair: ReplicatedValkey, event: Event
) -> None:
    client = pair.primary.client
    queue = Queue(client, replicas=1)
    drain = make_drain(queue)
    guest = apply_for(1)
    run(lambda gate: gate.admit(event.pk, [guest]))
    drain.run(event.pk)
    with commits_that_the_standby_lacks(event):
        run(lambda gate: gate.cancel(event.pk, [CancelRequest(guest.key, held_in_ledger=False)]))
        drain.run(event.pk)
    take = partial(take_back, queue, client, event.pk, digest=tickets().email_digest, wake=lambda event_id: None)
    with without_replica(pair):
        with pytest.raises(NotReplicated):
            take()
        assert b"|cancelled|" in b"".join(outcomes(client, event)), "nothing is taken back yet"
    take()
    assert set(queued(pair.replicas[0].client, event)) == {guest.key}
    assert b"|confirmed|" in b"".join(outcomes(client, event))
    assert drain.run(event.pk) is Drained.IDLE
    assert b"|cancelled|" in b"".join(outcomes(client, event))


def outcomes(client: Any, event: Event) -> list[bytes]:
    """Every outcome as Redis has it."""
    return [text for slot in event_keys(event.pk).decided for text in client.hvals(slot)]
