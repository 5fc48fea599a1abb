"""Durable accepts at the door against the server's hello. The drain is stopped."""

from __future__ import annotations

from collections.abc import Callable

from bench import ledger, load
from bench.measures import Options, interleaved
from bench.report import Line, ratio
from bench.stack import Stack

LIMITS = {32: 0.30, 512: 0.45}


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line for each number of connections."""
    with stack.door() as door, stack.hello() as hello:
        return [_line(stack, options, door, hello, connections, limit) for connections, limit in LIMITS.items()]


def _line(stack: Stack, options: Options, door: str, hello: str, connections: int, limit: float) -> Line:
    def accepts() -> float:
        return accept_rate(stack, door, connections, options)

    def hellos() -> float:
        return load.post(f"{hello}/events/1/register", connections=connections, seconds=options.seconds).rate

    samples = interleaved(options.repetitions, {"accepts/s": accepts, "hello/s": hellos})
    name = f"durable accepts/s ÷ hello/s, {connections} connections"
    return ratio(name, "accepts/s", "hello/s", samples, at_least=limit)


def accept_rate(stack: Stack, door: str, connections: int, options: Options, *, headers: str = "") -> float:
    """Registrations accepted per second on a fresh event; every one of them must be in the queue."""
    return accept_run(stack, door, connections, options, headers=headers)[0]


def accept_run(
    stack: Stack,
    door: str,
    connections: int,
    options: Options,
    *,
    addresses: int = 0,
    headers: str = "",
    used: Callable[[], float] = lambda: 0.0,
) -> tuple[float, float]:
    """The same, and how much of what `used` counts one of them took."""
    event_id = ledger.new_event()
    url = f"{door}/events/{event_id}/register"
    load.post(url, connections=connections, seconds=options.pause(1))
    before = stack.queued(event_id)
    used_before = used()
    run = load.post(url, connections=connections, seconds=options.seconds, addresses=addresses, headers=headers)
    used_after = used()
    queued = stack.queued(event_id) - before
    stack.forget(event_id)
    if run.refused or not run.accepted <= queued <= run.accepted + run.broken:
        raise load.ClientFailedError(f"{run.accepted} accepted, {run.refused} refused, {queued} in the queue")
    return run.rate, (used_after - used_before) / run.accepted
