"""What the API, the sweep and the health checks do in Redis: load events, read rates, count workers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import redis

from events.admission import keys as k
from events.admission import scripts
from events.domain.snapshot import CopyMark, EventSnapshot

RATE_WINDOW_SECONDS = 5
WORKER_BEAT_SECONDS = 5
WORKER_GONE_SECONDS = 16

_encode_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class QueueStats:
    """An event's queue now. Rates over the last `RATE_WINDOW_SECONDS` whole seconds."""

    queued: int
    admitted_per_second: float
    decided_per_second: float
    oldest_queued_seconds: float


def put_event(client: redis.Redis, snapshot: EventSnapshot) -> bool:
    """Hands the door a copy of an event's row. False: Redis has a newer one."""
    keys = k.event_keys(snapshot.event_id)
    args = (snapshot.version, snapshot.last_sequence, k.STATE_TTL_SECONDS, snapshot.decided_ms)
    return bool(scripts.PUT_EVENT.call(client, (keys.state, keys.queue), *args, *copied_fields(snapshot)))


def copied_fields(snapshot: EventSnapshot) -> list[str | bytes | int]:
    """What the door reads of an event's row, as field, value, field, value, ..."""
    fields: dict[str, str | bytes | int] = {
        "snapshot": _encode_json(snapshot),
        "opens": snapshot.opens_ms,
        "closes": snapshot.closes_ms,
        "ends": snapshot.end_ms,
        "cancelled": int(snapshot.cancelled),
        "organizer": snapshot.organizer_id,
        "capacity": snapshot.max_capacity,
        "confirmed": snapshot.confirmed_count,
        "waitlist_capacity": snapshot.waitlist_capacity,
        "waitlisted": snapshot.waitlisted_count,
    }
    return [part for pair in fields.items() for part in pair]


def event_marks(client: redis.Redis, event_ids: Sequence[int]) -> dict[int, CopyMark]:
    """How far the copies of these events are."""
    pipe = client.pipeline(transaction=False)
    for event_id in event_ids:
        pipe.hmget(k.event_keys(event_id).state, "version", "shown")
    pairs = zip(event_ids, pipe.execute(), strict=True)
    return {event_id: CopyMark(_number(version), _number(shown) or 0) for event_id, (version, shown) in pairs}


def _number(value: bytes | None) -> int | None:
    return None if value is None else int(value)


def queue_stats(client: redis.Redis, event_id: int) -> QueueStats:
    """Depth, age and rates of one event's queue, by Redis's clock."""
    keys = k.event_keys(event_id)
    pipe = client.pipeline(transaction=False)
    pipe.xlen(keys.queue)
    pipe.xrange(keys.queue, count=1)
    pipe.hgetall(keys.rates)
    pipe.time()
    length, first, rates, (seconds, micros) = pipe.execute()
    age = seconds + micros / 1e6 - int(first[0][1].get(b"r", b"0")) / 1000 if first else 0.0
    return QueueStats(
        queued=length,
        admitted_per_second=_rate(rates, b"a", seconds),
        decided_per_second=_rate(rates, b"d", seconds),
        oldest_queued_seconds=max(0.0, round(age, 3)),
    )


def _rate(rates: dict[bytes, bytes], kind: bytes, now: int) -> float:
    total = 0
    for name, value in rates.items():
        second, count = value.split(b"|")
        if name.startswith(kind) and now - RATE_WINDOW_SECONDS <= int(second) < now:
            total += int(count)
    return total / RATE_WINDOW_SECONDS


def beat(client: redis.Redis, worker: str) -> None:
    """Says that a drain worker is alive; to be repeated every `WORKER_BEAT_SECONDS`."""
    now = time.time()
    pipe = client.pipeline(transaction=False)
    pipe.zadd(k.WORKERS, {worker: now + WORKER_GONE_SECONDS})
    pipe.zremrangebyscore(k.WORKERS, "-inf", now)
    pipe.expire(k.WORKERS, k.WORKERS_TTL_SECONDS)
    pipe.execute()


def leave(client: redis.Redis, worker: str) -> None:
    """Says that a drain worker is going."""
    client.zrem(k.WORKERS, worker)


def worker_count(client: redis.Redis) -> int:
    """Drain workers alive now."""
    return int(client.zcount(k.WORKERS, time.time(), "+inf"))


def claim_sweep(client: redis.Redis, *, interval_ms: int) -> bool:
    """Whether this process is the one that sweeps in this interval."""
    return bool(client.set(k.SWEEP, "1", nx=True, px=interval_ms))


def claim_dispatcher_wakeup(client: redis.Redis) -> bool:
    """Whether a hint should be sent: none is on its way."""
    return bool(client.set(k.DELIVER, "1", nx=True, px=k.WAKE_TTL_MS))


def dispatcher_wakeup_arrived(client: redis.Redis) -> None:
    """From now on, another one may be sent."""
    client.delete(k.DELIVER)


def broken_promises(client: redis.Redis) -> list[str]:
    """What keeps this server from keeping a 202's promise, one sentence each; empty if it is set up well.

    A managed server may forbid CONFIG: that is said too, since nobody can check then.
    """
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
    try:
        found: dict[str, Any] = {}
        for name in wanted:
            reply: Any = client.config_get(name)
            found.update(reply)
    except redis.ResponseError:
        return ["the server does not let its configuration be read"]
    return [
        f"{name} is {found.get(name)!r}, not {value!r}" for name, value in wanted.items() if found.get(name) != value
    ]
