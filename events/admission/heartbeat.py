"""Which drain workers are alive, which duties are done, which worker sweeps and looks for draws, whether the dispatcher
is being woken up, and which ledger and which servers of the queue have been compared.

None of this belongs to an event. On a Cluster each is kept on three nodes, so that one that is away holds up no work.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar

import redis
from redis.exceptions import RedisError

from events.admission import keys as k
from omnify.common.redis_nodes import is_cluster

WORKER_BEAT_SECONDS = 5
WORKER_GONE_SECONDS = 16
# A pass over many events may take its time.
DUTY_GONE_SECONDS = 60


class Duty(StrEnum):
    """What workers do beside deciding: messages and mail; and in drains, sweeps, the ends of holds, and draws."""

    DELIVER = "deliver"
    MAIL = "mail"
    SWEEP = "sweep"
    EXPIRIES = "expiries"
    DRAWS = "draws"


Result = TypeVar("Result")


def beat(client: redis.Redis, worker: str) -> None:
    """Records that a drain worker is alive; to be repeated every `WORKER_BEAT_SECONDS`."""
    now = time.time()

    def record(name: str) -> None:
        pipe = client.pipeline(transaction=False)
        pipe.zadd(name, {worker: now + WORKER_GONE_SECONDS})
        pipe.zremrangebyscore(name, "-inf", now)
        pipe.expire(name, k.WORKERS_TTL_SECONDS)
        pipe.execute()

    _on_each(client, k.WORKERS, record)


def leave(client: redis.Redis, worker: str) -> None:
    """Records that a worker has stopped, with all that it did."""
    _on_each(client, k.WORKERS, lambda name: client.zrem(name, worker))
    _on_each(client, k.DUTIES, lambda name: client.zrem(name, *(_on_duty(duty, worker) for duty in Duty)))


def report_done(client: redis.Redis, worker: str, duties: Iterable[Duty]) -> None:
    """Records that a worker has just done this; to be repeated within `DUTY_GONE_SECONDS`."""
    now = time.time()
    done = {_on_duty(duty, worker): now + DUTY_GONE_SECONDS for duty in duties}

    def record(name: str) -> None:
        pipe = client.pipeline(transaction=False)
        pipe.zadd(name, done)
        pipe.zremrangebyscore(name, "-inf", now)
        pipe.expire(name, k.DUTIES_TTL_SECONDS)
        pipe.execute()

    _on_each(client, k.DUTIES, record)


def workers_on_duty(client: redis.Redis) -> Counter[Duty]:
    """Counts the workers that have done each duty within `DUTY_GONE_SECONDS`; those of a later release are left out."""
    found: list[Any] = _on_each(client, k.DUTIES, lambda name: client.zrangebyscore(name, time.time(), "+inf"))
    members = {member.decode() for members in found for member in members}
    names = [member.partition(" ")[0] for member in members]
    return Counter(Duty(name) for name in names if name in set(Duty))


def _on_duty(duty: Duty, worker: str) -> str:
    return f"{duty} {worker}"


def workers_alive(client: redis.Redis) -> set[str]:
    """Returns the names of the drain workers alive now."""
    found: list[Any] = _on_each(client, k.WORKERS, lambda name: client.zrangebyscore(name, time.time(), "+inf"))
    return {worker.decode() for workers in found for worker in workers}


def worker_count(client: redis.Redis) -> int:
    """Counts the drain workers alive now."""
    return len(workers_alive(client))


def claim_sweep(client: redis.Redis, *, interval_ms: int) -> bool:
    """Claims the sweep of this interval. False: another worker has it."""
    return _on_first(client, k.SWEEP, lambda name: bool(client.set(name, "1", nx=True, px=interval_ms)))


def claim_draws(client: redis.Redis, *, interval_ms: int) -> bool:
    """Claims the look for draws of this interval. False: another worker has it."""
    return _on_first(client, k.DRAWS, lambda name: bool(client.set(name, "1", nx=True, px=interval_ms)))


def claim_expiries(client: redis.Redis, worker: str, *, seconds: float) -> bool:
    """Claims the ending of holds for a while, or for longer. False: another worker is at it."""

    def claim(name: str) -> bool:
        if client.set(name, worker, nx=True, px=int(seconds * 1000)):
            return True
        mine = client.get(name) == worker.encode()
        return mine and bool(client.pexpire(name, int(seconds * 1000)))

    return _on_first(client, k.EXPIRIES, claim)


def claim_dispatcher_wakeup(client: redis.Redis) -> bool:
    """Claims the next wake-up of the dispatcher. False: one is under way, and none should be sent."""
    return _on_first(client, k.DELIVER, lambda name: bool(client.set(name, "1", nx=True, px=k.WAKE_TTL_MS)))


def clear_dispatcher_wakeup(client: redis.Redis) -> None:
    """Allows the next wake-up to be sent: the last one has arrived."""
    _on_each(client, k.DELIVER, lambda name: client.delete(name))


def seen_histories(client: redis.Redis) -> set[str]:
    """Returns which database, and which of its timelines, `note_history` noted last; empty if that is not known."""
    found: list[Any] = _on_each(client, k.LEDGER, client.get)
    return {history.decode() for history in found if history}


def note_history(client: redis.Redis, history: str) -> None:
    """Notes that what is published has been compared with the ledger on this timeline."""
    _on_each(client, k.LEDGER, lambda name: client.set(name, history, ex=k.LEDGER_TTL_SECONDS))


def seen_servers(client: redis.Redis) -> set[str]:
    """Returns the replication ids that `note_servers` noted last."""
    found: list[Any] = _on_each(client, k.SERVERS, client.get)
    return {server for servers in found if servers for server in servers.decode().split()}


def note_servers(client: redis.Redis, servers: set[str]) -> None:
    """Notes that what these servers have has been compared with the ledger. One that takes over has another id."""
    _on_each(client, k.SERVERS, lambda name: client.set(name, " ".join(sorted(servers)), ex=k.SERVERS_TTL_SECONDS))


def _names(client: redis.Redis, name: str) -> tuple[str, ...]:
    return k.copies(name) if is_cluster(client) else (name,)


def _on_each(client: redis.Redis, name: str, call: Callable[[str], Result]) -> list[Result]:
    """Calls with each copy of a key. Raises redis.exceptions.RedisError: no node answers."""
    results, problems = [], []
    for copy in _names(client, name):
        try:
            results.append(call(copy))
        except RedisError as problem:
            problems.append(problem)
    if not results:
        raise problems[0]
    return results


def _on_first(client: redis.Redis, name: str, call: Callable[[str], Result]) -> Result:
    """Calls with the first copy of a key whose node answers. Raises redis.exceptions.RedisError: none does.

    Two callers that reach different nodes may both claim the same: the work is done twice then, which is harmless.
    """
    *others, last = _names(client, name)
    for copy in others:
        try:
            return call(copy)
        except RedisError:
            continue
    return call(last)
