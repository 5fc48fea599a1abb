"""What the drain costs the door: accept p99 with it running against stopped, at half the peak rate."""

from __future__ import annotations

from statistics import median

from bench import load
from bench.measures import Options
from bench.measures.accepts import accept_rate
from bench.report import Line, ratio
from bench.stack import Stack, new_event, wait_until

CONNECTIONS = 512  # as at the peak
RUNNING, STOPPED = "p99 ms, drain running", "p99 ms, drain stopped"


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratio, and the rate it was taken at."""
    samples: dict[str, list[float]] = {RUNNING: [], STOPPED: []}
    with stack.door() as door:
        peaks = [accept_rate(stack, door, 512, options.seconds) for _ in range(options.repetitions)]
        rate = median(peaks) / 2
        for _ in range(options.repetitions):
            samples[STOPPED].append(_p99(stack, door, rate, options.seconds))
            with stack.drain():
                samples[RUNNING].append(_p99(stack, door, rate, options.seconds, drained=True))
    name = "accept p99, drain running ÷ stopped, half the peak rate"
    return [
        ratio(name, RUNNING, STOPPED, samples, at_most=2),
        Line(name="that rate", measured=rate, unit="accepts/s", samples={"peak accepts/s": peaks}),
    ]


def _p99(stack: Stack, door: str, rate: float, seconds: float, *, drained: bool = False) -> float:
    event_id = new_event()
    url = f"{door}/events/{event_id}/register"
    run = load.paced(url, rate=rate, connections=CONNECTIONS, seconds=seconds + 1)
    if run.refused:
        raise load.ClientFailedError(f"{run.refused} of {run.requests} paced requests refused")
    if drained:
        wait_until(lambda: stack.queued(event_id) == 0, seconds=60, what="the drain")
    stack.forget(event_id)
    return run.p99_ms
