"""What a registration waits for its 202 at a fixed rate, against the same server's hello at the same rate.

The timetable of the requests is fixed in advance, and a wait counts from the moment a request was due, so a server that
stalls is charged for all that it kept from being sent. Everything is under the same load generator.

With the drain stopped the rates are shares of the door's peak. While the drain decides what comes in, it shares the
processors with the door; half of what both can do together is the rate there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

from bench import ledger, load
from bench.lines import Line, ratio, value
from bench.load import Load
from bench.measures import Options, interleaved
from bench.measures.accepts import accept_run
from bench.measures.terminal import terminal_rate
from bench.stack import Server, Stack
from bench.waiting import wait_until

CONNECTIONS = 512  # as at the peak
SHARES = (0.50, 0.75)
JUDGED = 0.50
PERCENTILES = {"p50": "p50_ms", "p99": "p99_ms", "p99.9": "p999_ms"}
STOPPED, WORKING, HELLO = "drain stopped", "drain at work", "hello"
LIMIT = 3.0
SECONDS = 2  # times those of other runs: the p99 of a second is the wait of a few

Runs = dict[str, list[Load]]


def measure(stack: Stack, options: Options) -> list[Line]:
    """For each rate and percentile the ratio to the hello; what the drain costs; and what the client costs."""
    with stack.door_processes() as door, stack.hello_processes() as hello:
        peaks = [accept_run(stack, door, CONNECTIONS, options).rate for _ in range(options.fewer)]
        runs = {
            STOPPED: lambda rate: _door(stack, options, door, rate),
            HELLO: lambda rate: _paced(options, f"{hello.url}/events/1/register", rate),
        }
        found = {share: _at(options, runs, median(peaks) * share) for share in SHARES}
        both = _peak_of_both(stack, options, door)
        drained = _at(
            options,
            {**runs, WORKING: lambda rate: _drained(stack, options, door, rate)},
            both / 2,
        )
    return [
        *(line for share in SHARES for line in _lines(share, found[share])),
        *_drained_lines(drained),
        value("that peak, drain stopped", peaks, unit="accepts/s"),
        value("what door and drain do together", [both], unit="terminal/s"),
        value("client's time for a paced request", [run.client_us for run in found[JUDGED][STOPPED]], unit="µs"),
    ]


def _at(options: Options, runs: dict[str, Callable[[float], Load]], rate: float) -> Runs:
    return interleaved(options.fewer, {name: partial(run, rate) for name, run in runs.items()})


def _peak_of_both(stack: Stack, options: Options, door: Server) -> float:
    with stack.drain():
        found = []
        for _ in range(options.fewer):
            ledger.tidy()
            found.append(terminal_rate(stack, door.url, ledger.new_event(), CONNECTIONS, 2 * options.seconds))
    return median(found)


def _door(stack: Stack, options: Options, door: Server, rate: float, *, drained: bool = False) -> Load:
    event_id = ledger.new_event()
    run = _paced(options, f"{door.url}/events/{event_id}/register", rate)
    if drained:
        wait_until(lambda: stack.queued(event_id) == 0, seconds=120, what="the drain")
    stack.forget(event_id)
    return run


def _drained(stack: Stack, options: Options, door: Server, rate: float) -> Load:
    with stack.drain():
        return _door(stack, options, door, rate, drained=True)


def _paced(options: Options, url: str, rate: float) -> Load:
    run = load.paced(
        url, rate=rate, connections=CONNECTIONS, seconds=SECONDS * options.seconds, warm_up=options.warm_up
    )
    if run.refused or run.broken:
        raise load.ClientFailedError(f"{run.refused} refused and {run.broken} broken of {run.requests} paced requests")
    return run


def _lines(share: float, runs: Runs) -> list[Line]:
    return [
        _line(
            f"accept {percentile} ÷ hello {percentile} at {share:.0%} of the peak, drain stopped",
            *(STOPPED, HELLO, percentile, runs),
            at_most=LIMIT if (share, percentile) == (JUDGED, "p99") else None,
        )
        for percentile in PERCENTILES
    ]


def _drained_lines(runs: Runs) -> list[Line]:
    where = "at half of what door and drain do together"
    return [
        _line(f"accept p99, drain at work ÷ hello p99, {where}", WORKING, HELLO, "p99", runs),
        _line(f"accept p99, drain at work ÷ stopped, {where}", WORKING, STOPPED, "p99", runs),
    ]


def _line(name: str, above: str, below: str, percentile: str, runs: Runs, *, at_most: float | None = None) -> Line:
    samples = {
        f"{percentile} ms, {which}": [getattr(run, PERCENTILES[percentile]) for run in runs[which]]
        for which in (above, below)
    }
    above, below = samples
    return ratio(name, above, below, samples, at_most=at_most)
