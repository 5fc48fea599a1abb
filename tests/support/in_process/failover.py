"""Events whose last changes only a primary had that died, and doors that have just connected to what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import redis
from django.db.models import F
from django.utils import timezone

from events.admission.commands import enqueue_cancellation, enqueue_closing
from events.admission.open_gate import open_gate
from events.door.app import Door
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from omnify.common.redis_client import connect
from omnify.loader import LedgerLoader
from tests.support.in_process.check_ins import let_in
from tests.support.in_process.door import NoLoader, Visitor, compared
from tests.support.in_process.drain import make_drain, make_queue
from tests.support.in_process.events import open_event, tickets
from tests.support.in_process.holds import hold
from tests.support.replicated_valkey import ReplicatedValkey
from worker.drain import Drained

Scene = Callable[[Visitor], Awaitable[Any]]


def play(url: str, scene: Scene, *, loader: Any = None, replicas: int = 0) -> Any:
    """Runs a scene at a door of its own, as a process has it that has just connected."""

    async def pass_on(*args: Any) -> None:
        raise AssertionError("the door passed it on")

    async def run() -> Any:
        client = connect(url)
        gate = open_gate(url, queue_limit=1000, replicas=replicas)
        made = Door(
            gate=gate, tickets=tickets, loader=loader or LedgerLoader(client), wake=lambda event_id: None, app=pass_on
        )
        try:
            return await scene(Visitor(made, []))
        finally:
            await made.close()
            await gate.aclose()
            client.close()

    return asyncio.run(run())


def key_of(ticket: str) -> str:
    parsed = tickets.parse(ticket)
    assert parsed is not None
    return parsed[1]


class Night:
    """Events whose last changes, one of each kind, only the primary had that died. Each has a ticket that has a seat,
    one that waits for it, and one that the promoted server has in its queue though it is decided."""

    def __init__(self, pair: ReplicatedValkey, names: tuple[str, ...]) -> None:
        self.client: redis.Redis = pair.primary.client
        self.url = pair.primary.valkey.url()
        self.drain = make_drain(make_queue(self.client))
        sizes: Any = {"max_capacity": 1, "waitlist_capacity": 2}
        self.events = {name: open_event(self.client, **sizes, **(hold() if name == "held" else {})) for name in names}
        self.tickets: dict[str, list[str]] = {name: [] for name in names}
        replica = pair.replicas[0]
        compared(self.url)
        self._register(1, 2)
        for event in self.events.values():
            self.drain.run(event.pk)
        self._register(3)
        pair.wait_for_replica(replica)
        with pair.cut_off(replica):
            for name, event in self.events.items():
                self._change(name, event)
                assert self.drain.run(event.pk) is Drained.IDLE
            self.seen = {name: self.in_ledger(name) for name in names}
            pair.primary.kill()
        pair.take_over(replica)
        self.client.connection_pool.disconnect()

    def _register(self, *guests: int) -> None:
        async def scene(visitor: Visitor) -> None:
            for name, event in self.events.items():
                for guest in guests:
                    _, _, answer = await visitor.register(event.pk, guest, idempotency_key=f"guest-{guest}")
                    self.tickets[name].append(answer["data"]["ticket_id"])

        play(self.url, scene, loader=NoLoader())

    def _change(self, name: str, event: Event) -> None:
        first = key_of(self.tickets[name][0])
        if name in ("given back", "promoted", "held"):
            enqueue_cancellation(self.client, event_snapshot(event), key=first)
        elif name == "closed":
            Event.objects.filter(pk=event.pk).update(cancelled_at=timezone.now(), version=F("version") + 1)
            enqueue_closing(self.client, event_snapshot(event), key="C" * 20)
        elif name == "checked in":
            let_in(event, first)

    def in_ledger(self, name: str) -> list[str]:
        rows = Registration.objects.filter(event=self.events[name])
        statuses = {row.ticket_key: row.status for row in rows}
        return [statuses[key_of(ticket)] for ticket in self.tickets[name]]
