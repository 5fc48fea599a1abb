"""Registrations brought to a terminal status per second on one hot event: the crowd comes for some seconds, and
the clock stops when the last of them has its decision. Omnify's door and drain against *lock* and *task*.
"""

from __future__ import annotations

import time

from bench import ledger, load
from bench.measures import Options, interleaved
from bench.report import Line, ratio
from bench.stack import Stack, wait_until

PATIENCE_SECONDS = 300
LOCK, TASK = "lock terminal/s, 32", "task terminal/s, 32"
CROWDS = (32, 512)


def measure(stack: Stack, options: Options) -> list[Line]:
    """Against (b) at 32 connections; the other combinations are reported beside it."""
    with stack.door() as door, stack.drain(), stack.drf() as drf, stack.task_worker():
        for path in ("lock", "task"):
            _wait_for_baseline(f"{drf}/{path}")
        runs = {
            _ours(crowd): lambda crowd=crowd: terminal_rate(stack, door, _fresh_event(), crowd, options.seconds)
            for crowd in CROWDS
        }
        runs[LOCK] = lambda: _baseline_rate(f"{drf}/lock", options.seconds)
        runs[TASK] = lambda: _baseline_rate(f"{drf}/task", options.seconds)
        samples = interleaved(options.repetitions, runs)
    return [
        ratio("terminal/s ÷ lock/s, one hot event, 512 ÷ 32 connections", _ours(512), LOCK, samples, at_least=20),
        ratio("terminal/s ÷ lock/s, one hot event, 32 ÷ 32 connections", _ours(32), LOCK, samples),
        ratio("terminal/s ÷ task/s, one hot event, 512 ÷ 32 connections", _ours(512), TASK, samples),
    ]


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
    if load.post(f"{url}/{event_id}", connections=1, seconds=0.01).refused:
        raise load.ClientFailedError(f"{url} refuses registrations")
    wait_until(lambda: ledger.decided(event_id) > 0, seconds=60, what=url)


def _fresh_event() -> int:
    ledger.tidy()
    return ledger.new_event()


def _crowd(url: str, connections: int, seconds: float) -> tuple[load.Load, float]:
    started = time.monotonic()
    return load.post(url, connections=connections, seconds=seconds), started
