"""What the decision log costs the drain: two queues of the same kind drained in turn, one with it and one without.

Judged by processor time (of the drain, of its database session, and of Valkey), which other programs on the machine
change little; by the clock it is reported beside it. One process drains both, and medians of its slices count: two
runs of seconds, one behind the other, scatter by a tenth.
"""

from __future__ import annotations

from bench import guests, ledger
from bench.lines import Line, ratio
from bench.measures import Options
from bench.measures.drain import run_drain
from bench.stack import Stack

PEOPLE = 40_000
WITH, WITHOUT = "drain rows per second of processor time with a decision log", "without one"
CLOCKED_WITH, CLOCKED_WITHOUT = "drain rows/s with a decision log", "drain rows/s without one"


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratios; which side is first changes from slice to slice, and from run to run."""
    samples: dict[str, list[float]] = {name: [] for name in (WITH, WITHOUT, CLOCKED_WITH, CLOCKED_WITHOUT)}
    for number in range(options.repetitions):
        found = _drained(stack, options.number(PEOPLE, least=4000), first=("on", "off")[number % 2])
        for name, clocked, log in ((WITH, CLOCKED_WITH, "on"), (WITHOUT, CLOCKED_WITHOUT, "off")):
            samples[name].append(1 / found[log]["processors"])
            samples[clocked].append(1 / found[log]["clock"])
    return [
        ratio("drain with a decision log ÷ without, by processor time", WITH, WITHOUT, samples, at_least=0.85),
        ratio("drain with a decision log ÷ without, by the clock", CLOCKED_WITH, CLOCKED_WITHOUT, samples),
    ]


def _drained(stack: Stack, people: int, *, first: str) -> dict[str, dict[str, float]]:
    """Seconds of one decision by each clock, with a log and without."""
    events = {log: ledger.new_event() for log in sorted(("on", "off"), key=lambda log: log != first)}
    for event_id in events.values():
        guests.register(event_id, people)
    ledger.tidy()
    try:
        words = [f"{event_id}={log}" for log, event_id in events.items()]
        return run_drain(stack, "bench.drain_in_turn", *words)
    finally:
        stack.forget(*events.values())
