"""How long an event's queue is, and how fast it moves."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from events.admission import keys as k
from events.admission.fields import ADMITTED_IN, DECIDED_IN, ENTRY_REQUESTED

RATE_WINDOW_SECONDS = 5
# `counted` is a second times this, plus what was admitted in it (`lua/admit.lua`).
PER_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class QueueStats:
    """An event's queue now. Rates over the last `RATE_WINDOW_SECONDS` whole seconds."""

    queued: int
    admitted_per_second: float
    decided_per_second: float
    oldest_queued_seconds: float


def queue_stats(client: redis.Redis, event_id: int) -> QueueStats:
    """Measures the depth, age and rates of one event's queue, by Redis's clock."""
    keys = k.event_keys(event_id)
    pipe = client.pipeline(transaction=False)
    pipe.xlen(keys.queue)
    pipe.hmget(keys.state, "packed", "counted")
    pipe.xrange(keys.queue, count=1)
    pipe.hgetall(keys.rates)
    pipe.time()
    length, (packed, counted), first, rates, (seconds, micros) = pipe.execute()
    age = seconds + micros / 1e6 - int(first[0][1].get(ENTRY_REQUESTED, b"0")) / 1000 if first else 0.0
    return QueueStats(
        queued=length + int(packed or 0) if length else 0,
        admitted_per_second=_rate([*_counts(rates, ADMITTED_IN), divmod(int(counted or 0), PER_SECOND)], seconds),
        decided_per_second=_rate(_counts(rates, DECIDED_IN), seconds),
        oldest_queued_seconds=max(0.0, round(age, 3)),
    )


def _counts(rates: dict[bytes, bytes], prefix: bytes) -> list[tuple[int, int]]:
    """Reads `(second, count)` of the seconds that have been counted."""
    found = [value.split(b"|") for name, value in rates.items() if name.startswith(prefix)]
    return [(int(second), int(count)) for second, count in found]


def _rate(counts: list[tuple[int, int]], now: int) -> float:
    total = sum(count for second, count in counts if now - RATE_WINDOW_SECONDS <= second < now)
    return total / RATE_WINDOW_SECONDS
