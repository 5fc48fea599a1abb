"""Crowds, doors and drains of a Valkey Cluster in the test's process."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import redis
from django.db import connection

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.keys import event_keys
from events.admission.open_gate import open_gate
from events.admission.requests import AdmissionRequest
from events.models import Event, Registration
from omnify.common.batcher import EventBatchers
from omnify.common.redis_slots import slot_of
from tests.support.in_process.drain import make_drain, make_queue
from tests.support.in_process.events import open_event
from tests.support.in_process.gate import apply_for, kind
from tests.support.valkey_cluster import Node, ValkeyCluster


def slot_of_event(event: Event) -> int:
    return slot_of(event_keys(event.pk).queue)


def events_on_each_master(cluster: ValkeyCluster, client: redis.Redis, **fields: Any) -> dict[str, Event]:
    """An open event for each master, by the master's name."""
    found: dict[str, Event] = {}
    while len(found) < len(cluster.masters):
        event = open_event(client, load=False, **fields)
        owner = cluster.owner(slot_of_event(event))
        if owner.name not in found:
            found[owner.name] = event
            load(client, event)
        else:
            event.delete()
    return found


def load(client: redis.Redis, event: Event) -> None:
    from events.admission.snapshots import put_snapshot
    from events.ledger.queries import event_snapshot

    assert put_snapshot(client, event_snapshot(event))


def with_gate(url: str, scene: Callable[[Gate], Awaitable[Any]], **options: Any) -> Any:
    """Runs a scene with a gate of its own, as a door has it."""

    async def run() -> Any:
        gate = open_gate(url, queue_limit=100_000, **options)
        try:
            return await scene(gate)
        finally:
            await gate.aclose()

    return asyncio.run(run())


class Crowd:
    """Guests who register through one gate as through a door, and try again with the same ticket after a 503."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._batchers: EventBatchers[AdmissionRequest, Any] = EventBatchers(self._admit)
        self._next = 0
        self.answers: list[str] = []
        self.refused = 0
        self.accepted: dict[int, list[str]] = {}

    async def _admit(self, event_id: int, requests: list[AdmissionRequest]) -> Sequence[Any]:
        return (await self.gate.admit(event_id, requests)).answers

    async def register(self, event: Event, number: int) -> None:
        """Registers until there is an answer. Its key is what an Idempotency-Key gives a retry."""
        request = apply_for(f"{event.pk}-{number}")
        while True:
            try:
                answer = await self._batchers.ask(event.pk, request)
            except QueueUnavailable:
                self.refused += 1
                await asyncio.sleep(0.02)
                continue
            self.answers.append(kind(answer))
            self.accepted.setdefault(event.pk, []).append(request.key)
            return

    async def all_register(self, events: Sequence[Event], count: int, *, at_once: int = 10) -> None:
        """`count` more guests for each event, `at_once` of each event at a time."""
        numbers = range(self._next, self._next + count)
        self._next += count

        async def some(event: Event, first: int) -> None:
            for number in numbers[first::at_once]:
                await self.register(event, number)

        await asyncio.gather(*[some(event, first) for event in events for first in range(at_once)])


class Reader:
    """Follows the news of events, and counts subscriptions and changes by event."""

    def __init__(self, gate: Gate) -> None:
        self._news = gate.news(on_change=self._changed, on_subscribed=self._subscribed)
        self.subscriptions: Counter[int] = Counter()
        self.changes: Counter[int] = Counter()

    def _changed(self, event_id: int, keys: list[str]) -> None:
        self.changes[event_id] += len(keys)

    def _subscribed(self, event_id: int) -> None:
        self.subscriptions[event_id] += 1

    async def follow(self, *events: Event) -> None:
        for event in events:
            await self._news.subscribe(event.pk)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self._news.close()


@contextmanager
def draining(client: redis.Redis, events: Sequence[Event]) -> Iterator[None]:
    """A drain in a thread, which goes on after errors as a worker does."""
    stop = threading.Event()
    drain = replace(make_drain(make_queue(client)), sleep=lambda seconds: None, slice_seconds=0.5)

    def work() -> None:
        try:
            while not stop.is_set():
                for event in events:
                    drain.run(event.pk)
                stop.wait(0.01)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()


def decided_keys(event: Event) -> set[str]:
    """The event's decided tickets; no two of them have one sequence."""
    rows = list(Registration.objects.filter(event=event).values_list("ticket_key", "sequence"))
    assert len({sequence for _, sequence in rows}) == len(rows)
    return {key for key, _ in rows}


def decided_once(event: Event, keys: Sequence[str]) -> bool:
    """Whether the decided tickets are these, each once."""
    return len(set(keys)) == len(keys) and decided_keys(event) == set(keys)


def other_master(cluster: ValkeyCluster, slot: int) -> Node:
    owner = cluster.owner(slot)
    return next(node for node in cluster.masters if node is not owner)
