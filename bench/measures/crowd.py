"""Whether an event gets slower as it fills: terminal/s with 100,000 registrations on it and more against none."""

from __future__ import annotations

from bench import ledger
from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.measures.terminal import terminal_rate
from bench.stack import Stack

PRESENT = 100_000
CONNECTIONS = 512
FULL, EMPTY = "terminal/s, full", "terminal/s, empty"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line. Both events share the table, so what differs is the event and nothing else.

    All runs begin alike, with nothing left for autovacuum to do in them and no checkpoint right behind them: the full
    event would pay for that one, with each page of its indexes written whole to the log once.
    """
    present = options.number(PRESENT)
    full = ledger.new_event()
    ledger.fill(full, present)
    with stack.door() as door, stack.drain():

        def rate(event_id: int) -> float:
            ledger.tidy()
            return terminal_rate(stack, door, event_id, CONNECTIONS, options.seconds)

        rate(ledger.new_event())  # warms up
        runs = {FULL: lambda: rate(full), EMPTY: lambda: rate(ledger.new_event())}
        samples = interleaved(options.repetitions, runs)
    name = f"terminal/s with {present:,} registrations on the event ÷ with none"
    return [ratio(name, FULL, EMPTY, samples, at_least=0.95)]
