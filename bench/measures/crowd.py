"""Whether an event gets slower as it fills: the drain alone on one with 100,000 registrations against an empty one.

The drain alone, since the door never reads the table; with a crowd at the door the runs scatter by more than what is
looked for.
"""

from __future__ import annotations

from bench import guests, ledger
from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.measures.drain import drain_rate
from bench.stack import Stack

PRESENT = 100_000
ROWS = 20_000
FULL, EMPTY = "drain rows/s, full", "drain rows/s, empty"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line. Both events share the table, so what differs is the event and nothing else.

    All runs begin alike, with nothing left for autovacuum to do in them and no checkpoint right behind them: the full
    event would pay for that one, with each page of its indexes written whole to the log once.
    """
    present, rows = options.number(PRESENT), options.number(ROWS)
    full = ledger.new_event()
    ledger.fill(full, present)

    def rate(event_id: int) -> float:
        guests.register(event_id, rows)
        ledger.tidy()
        found = drain_rate(stack, event_id)
        stack.forget(event_id)
        return found

    samples = interleaved(options.repetitions, {FULL: lambda: rate(full), EMPTY: lambda: rate(ledger.new_event())})
    name = f"drain alone rows/s with {present:,} registrations on the event ÷ with none"
    return [ratio(name, FULL, EMPTY, samples, at_least=0.95)]
