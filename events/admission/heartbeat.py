"""Which drain workers are alive, which of them sweeps, and whether the dispatcher is being woken up."""

from __future__ import annotations

import time

import redis

from events.admission import keys as k

WORKER_BEAT_SECONDS = 5
WORKER_GONE_SECONDS = 16


def beat(client: redis.Redis, worker: str) -> None:
    """Records that a drain worker is alive; to be repeated every `WORKER_BEAT_SECONDS`."""
    now = time.time()
    pipe = client.pipeline(transaction=False)
    pipe.zadd(k.WORKERS, {worker: now + WORKER_GONE_SECONDS})
    pipe.zremrangebyscore(k.WORKERS, "-inf", now)
    pipe.expire(k.WORKERS, k.WORKERS_TTL_SECONDS)
    pipe.execute()


def leave(client: redis.Redis, worker: str) -> None:
    """Records that a drain worker has stopped."""
    client.zrem(k.WORKERS, worker)


def worker_count(client: redis.Redis) -> int:
    """Counts the drain workers alive now."""
    return int(client.zcount(k.WORKERS, time.time(), "+inf"))


def claim_sweep(client: redis.Redis, *, interval_ms: int) -> bool:
    """Claims the sweep of this interval. False: another worker has it."""
    return bool(client.set(k.SWEEP, "1", nx=True, px=interval_ms))


def claim_dispatcher_wakeup(client: redis.Redis) -> bool:
    """Claims the next wake-up of the dispatcher. False: one is under way, and none should be sent."""
    return bool(client.set(k.DELIVER, "1", nx=True, px=k.WAKE_TTL_MS))


def clear_dispatcher_wakeup(client: redis.Redis) -> None:
    """Allows the next wake-up to be sent: the last one has arrived."""
    client.delete(k.DELIVER)
