"""Servers of the queue that lag: what they show of events, and a client whose server has lost what another one had."""

from __future__ import annotations

from typing import Any, cast

import redis

from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.unfounded import published_outcomes
from events.domain.times import to_ms
from events.models import Event, Registration
from tests.support.in_process.events import tickets
from worker.sweep import Sweep

Seen = dict[str, tuple[int, str, int | None]]


def make_sweep(client: redis.Redis, queue: Queue) -> Sweep:
    return Sweep(client=client, queue=queue, wake=lambda event_id: None, digest=tickets.email_digest, worker="tests")


def shown(client: redis.Redis, event: Event) -> Seen:
    """What the queue's server says of the tickets that it knows: revision, status, check-in."""
    found = [read.outcome for chunk in published_outcomes(client, event.pk) for read in chunk]
    return {outcome.key: (outcome.revision, outcome.status, outcome.checked_in_ms) for outcome in found}


def held(event: Event) -> Seen:
    """The same of the ledger."""
    return {
        row.ticket_key: (row.revision, row.status, to_ms(row.checked_in_at) if row.checked_in_at else None)
        for row in Registration.objects.filter(event=event)
    }


class Memory:
    """What the server knows of an event's tickets now, to be brought back later as by one that lags takes over."""

    def __init__(self, client: redis.Redis, event: Event) -> None:
        keys = event_keys(event.pk)
        self._client, self._names = client, (keys.state, keys.waitlist, *keys.decided)
        self._content: dict[str, Any] = {name: client.dump(name) for name in self._names}

    def bring_back(self) -> None:
        self._client.delete(*self._names)
        for name, content in self._content.items():
            if content is not None:
                self._client.restore(name, 600_000, content)


class LosesTheFirstPart:
    """A client whose server is replaced by one that lags when a first outcome with this text is published."""

    def __init__(self, client: redis.Redis, before: Memory, text: bytes = b"event_cancelled") -> None:
        self._client, self._before, self._text = client, before, text
        self._lost = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def execute_command(self, *args: Any) -> Any:
        reply: Any = cast(Any, self._client).execute_command(*args)
        if not self._lost and any(isinstance(arg, bytes) and self._text in arg for arg in args):
            self._lost = True
            self._before.bring_back()
        return reply
