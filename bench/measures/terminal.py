"""Registrations brought to a terminal status per second on one hot event: the crowd comes for some seconds, and
the clock stops when the last of them has its decision. Omnify's door and drain against *lock* and *task*.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bench import ledger, load
from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.stack import Stack
from bench.waiting import wait_until

PATIENCE_SECONDS = 300
LOCK, TASK = "lock terminal/s, 32", "task terminal/s, 32"
LIMITS = {512: 40, 32: 25}  # Omnify's crowd, with the baseline's at 32


def measure(stack: Stack, options: Options) -> list[Line]:
    """Against (b) at 32 connections. (c), which needs half a minute for what comes in a second, is only reported."""
    with stack.door() as door, stack.drain(), stack.drf() as drf, stack.task_worker():
        for path in ("lock", "task"):
            _wait_for_baseline(f"{drf}/{path}")
        seconds = 2 * options.seconds
        runs: dict[str, Callable[[], float]] = {LOCK: partial(_baseline_rate, f"{drf}/lock", seconds)}
        runs |= {_ours(crowd): partial(_our_rate, stack, door, crowd, seconds) for crowd in LIMITS}
        samples = interleaved(options.fewer, runs)
        once = {_ours(512): samples[_ours(512)][-1:], TASK: [_baseline_rate(f"{drf}/task", options.seconds / 2)]}
    name = "terminal/s ÷ {} terminal/s, one hot event, {} ÷ 32 connections"
    return [
        *(ratio(name.format("lock", n), _ours(n), LOCK, samples, at_least=limit) for n, limit in LIMITS.items()),
        ratio(name.format("task", 512), _ours(512), TASK, once),
    ]


def _our_rate(stack: Stack, door: str, crowd: int, seconds: float) -> float:
    return terminal_rate(stack, door, _fresh_event(), crowd, seconds)


def _ours(crowd: int) -> str:
    return f"terminal/s, {crowd}"


def terminal_rate(stack: Stack, door: str, event_id: int, crowd: int, seconds: float) -> float:
    """Terminal registrations per second, from the first request to the last decision, with a drain running."""
    before = ledger.decided(event_id)
    run, started = _crowd(f"{door}/events/{event_id}/register", crowd, seconds)
    ended = wait_until(lambda: stack.queued(event_id) == 0, seconds=PATIENCE_SECONDS, what="the drain")
    done = ledger.decided(event_id) - before
    stack.forget(event_id)
    if run.refused or done < run.accepted:
        raise load.ClientFailedError(f"{run.accepted} accepted, {run.refused} refused, {done} decided")
    return done / (ended - started)


def _baseline_rate(url: str, seconds: float) -> float:
    event_id = _fresh_event()
    run, started = _crowd(f"{url}/{event_id}", 32, seconds)
    ended = wait_until(lambda: ledger.decided(event_id) >= run.accepted, seconds=PATIENCE_SECONDS, what=url)
    done = ledger.decided(event_id)
    if run.refused:
        raise load.ClientFailedError(f"{url}: {run.refused} refused")
    return done / (ended - started)


def _wait_for_baseline(url: str) -> None:
    """Returns when one registration has gone all the way: the task's worker says nowhere when it is ready."""
    event_id = ledger.new_event()
    if load.post(f"{url}/{event_id}", connections=1, seconds=0.01, warm_up=0).refused:
        raise load.ClientFailedError(f"{url} refuses registrations")
    wait_until(lambda: ledger.decided(event_id) > 0, seconds=60, what=url)


def _fresh_event() -> int:
    ledger.tidy()
    return ledger.new_event()


def _crowd(url: str, connections: int, seconds: float) -> tuple[load.Load, float]:
    started = time.monotonic()
    return load.post(url, connections=connections, seconds=seconds, warm_up=0), started
