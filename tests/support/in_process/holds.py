"""Holds in the test's process: events with one, the queue's clock as a drain reads it, confirmations and expiries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import redis

from events.admission.entry import pack_confirmation
from events.admission.hold_calls import ConfirmRequest
from events.admission.hold_replies import ConfirmAnswer
from events.admission.queue import Queue
from events.domain.times import to_ms
from events.models import Event, Registration
from tests.support.in_process.gate import with_gate
from tests.support.servers import Services
from worker.drain import Drain
from worker.expiries import Expirer

MINUTE = 60


class AnotherClock(Queue):
    """A queue of which the drain reads another time than it is: holds begin then."""

    ahead_seconds = 0.0

    def now_ms(self, event_id: int) -> int:
        return super().now_ms(event_id) + int(self.ahead_seconds * 1000)


def drain_at(drain: Drain, client: redis.Redis, ahead_seconds: float) -> Drain:
    """A drain whose holds begin so many seconds from now; one that ended before now is over."""
    queue = AnotherClock(client)
    queue.ahead_seconds = ahead_seconds
    return replace(drain, queue=queue)


def hold(*, by: str = "holder", of: str = "all", seconds: int = MINUTE) -> dict[str, Any]:
    """The columns of an event that holds its seats."""
    return {"hold_seconds": seconds, "hold_confirmed_by": by, "hold_applies_to": of}


def confirm(
    servers: Services, event: Event, key: str, reference: str = "", *, organizer: int = 0, until_ms: int = 0
) -> ConfirmAnswer:
    """What admission answers to a confirmation; `until_ms` is what the ledger says of the ticket."""
    request = ConfirmRequest(key, reference, pack_confirmation(reference), organizer, until_ms)
    answer: ConfirmAnswer = with_gate(servers, lambda gate: gate.confirm(event.pk, [request])).answers[0]
    return answer


def expirer(client: redis.Redis, woken: Callable[[int], None] = lambda event_id: None, worker: str = "one") -> Expirer:
    """One that has not looked at anything yet."""
    return Expirer(client=client, wake=woken, worker=worker)


def ends_at(event: Event, key: str) -> int:
    """Until when (ms) the ledger says the ticket is held."""
    row = Registration.objects.get(event=event, ticket_key=key)
    assert row.expires_at is not None
    return to_ms(row.expires_at)


def counts(event: Event) -> tuple[int, int, int, int]:
    """Confirmed, held and waitlisted seats, and tickets whose hold ran out."""
    event.refresh_from_db()
    return event.confirmed_count, event.held_count, event.waitlisted_count, event.expired_count
