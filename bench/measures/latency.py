"""What a registration waits for its 202 at a fixed rate, against the same server's hello at the same rate.

Rates are shares of the door's peak. All is under one client, which counts a wait from the moment the request was due,
and whose own processor time is reported beside the door's. The drain is stopped, then at work on what comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from bench import ledger, load
from bench.load import Load
from bench.machine import processor_seconds
from bench.measures import Options
from bench.measures.accepts import accept_rate
from bench.report import Line, ratio
from bench.stack import Stack, wait_until

CONNECTIONS = 512  # as at the peak
SHARES = (0.10, 0.25, 0.50, 0.75)
JUDGED = 0.50
PERCENTILES = {"p50": "p50_ms", "p99": "p99_ms", "p99.9": "p999_ms"}
STOPPED, WORKING, HELLO = "drain stopped", "drain at work", "hello"
# Accepts against a constant answer, p99, at half the peak.
LIMITS = {STOPPED: 10.0, WORKING: 20.0}


class Paced(NamedTuple):
    """A run, and the processor time of the server's processes in it (seconds)."""

    load: Load
    server_seconds: float


def measure(stack: Stack, options: Options) -> list[Line]:
    """For each rate and percentile the ratio to the hello; what the drain costs; and what the client costs."""
    with stack.door_processes() as door, stack.hello_processes() as hello:
        peaks = [accept_rate(stack, door[0], CONNECTIONS, options) for _ in range(options.repetitions)]
        peak = median(peaks)
        runs = {
            STOPPED: lambda rate: _door(stack, options, door, rate),
            WORKING: lambda rate: _drained(stack, options, door, rate),
            HELLO: lambda rate: _paced(options, f"{hello[0]}/events/1/register", hello[1], rate),
        }
        found = {share: _interleaved(options, runs, peak * share) for share in SHARES}
    lines = [line for share in SHARES for line in _lines(share, found[share])]
    return [*lines, *_others(found, peaks)]


def _interleaved(options: Options, runs: dict[str, Callable[[float], Paced]], rate: float) -> dict[str, list[Paced]]:
    found: dict[str, list[Paced]] = {name: [] for name in runs}
    for _ in range(options.repetitions):
        for name, run in runs.items():
            found[name].append(run(rate))
    return found


def _door(stack: Stack, options: Options, door: tuple[str, int], rate: float, *, drained: bool = False) -> Paced:
    event_id = ledger.new_event()
    run = _paced(options, f"{door[0]}/events/{event_id}/register", door[1], rate)
    if drained:
        wait_until(lambda: stack.queued(event_id) == 0, seconds=120, what="the drain")
    stack.forget(event_id)
    return run


def _drained(stack: Stack, options: Options, door: tuple[str, int], rate: float) -> Paced:
    with stack.drain():
        return _door(stack, options, door, rate, drained=True)


def _paced(options: Options, url: str, pid: int, rate: float) -> Paced:
    used = processor_seconds(pid)
    warm_up = options.pause(load.WARM_UP_SECONDS)
    run = load.paced(url, rate=rate, connections=CONNECTIONS, seconds=options.seconds, warm_up=warm_up)
    if run.refused:
        raise load.ClientFailedError(f"{run.refused} of {run.requests} paced requests refused")
    return Paced(run, processor_seconds(pid) - used)


def _lines(share: float, runs: dict[str, list[Paced]]) -> list[Line]:
    return [_line(share, name, percentile, runs) for name in (STOPPED, WORKING) for percentile in PERCENTILES]


def _line(share: float, name: str, percentile: str, runs: dict[str, list[Paced]]) -> Line:
    above, below = f"{percentile} ms, {name}", f"{percentile} ms, hello"
    samples = {above: _waits(runs[name], percentile), below: _waits(runs[HELLO], percentile)}
    limit = LIMITS[name] if (share, percentile) == (JUDGED, "p99") else None
    title = f"accept {percentile} ÷ hello {percentile} at {share:.0%} of the peak, {name}"
    return ratio(title, above, below, samples, at_most=limit)


def _waits(runs: list[Paced], percentile: str) -> list[float]:
    return [getattr(run.load, PERCENTILES[percentile]) for run in runs]


def _others(found: dict[float, dict[str, list[Paced]]], peaks: list[float]) -> list[Line]:
    half = found[JUDGED]
    samples = {f"p99 ms, {name}": _waits(half[name], "p99") for name in (WORKING, STOPPED)}
    costs = {"client, µs a request": [], "door, µs a request": []}
    for run in (run for runs in found.values() for run in runs[STOPPED]):
        costs["client, µs a request"].append(run.load.processor_seconds / run.load.requests * 1e6)
        costs["door, µs a request"].append(run.server_seconds / run.load.requests * 1e6)
    return [
        ratio("accept p99, drain at work ÷ stopped, at 50% of the peak", *samples, samples, at_most=2),
        ratio("the client's processor time ÷ the door's", *costs, costs, at_most=0.2),
        Line(name="that peak", measured=median(peaks), unit="accepts/s", samples={"peak accepts/s": peaks}),
    ]
