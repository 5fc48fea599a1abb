"""Whether an event gets slower as it fills: terminal/s with 100,000 registrations on it against none."""

from __future__ import annotations

from bench import ledger
from bench.measures import Options, interleaved
from bench.measures.terminal import terminal_rate
from bench.report import Line, ratio
from bench.stack import Stack

PRESENT = 100_000
CONNECTIONS = 512


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line. Both events share the table, so what differs is the event and nothing else."""
    with stack.door() as door, stack.drain():

        def rate(event_id: int) -> float:
            return terminal_rate(stack, door, event_id, CONNECTIONS, options.seconds)

        present = options.number(PRESENT)
        samples = interleaved(
            options.repetitions,
            {"terminal/s, full": lambda: rate(_event(present)), "terminal/s, empty": lambda: rate(_event(0))},
        )
    name = f"terminal/s with {present:,} registrations on the event ÷ with none"
    return [ratio(name, "terminal/s, full", "terminal/s, empty", samples, at_least=0.95)]


def _event(present: int) -> int:
    """An event with so many registrations.

    Both kinds begin alike, with nothing left for autovacuum to do in the run and no checkpoint right behind them: only
    the full event would pay for that one, with each page of its indexes written whole to the log once.
    """
    event_id = ledger.new_event()
    ledger.fill(event_id, present)
    ledger.tidy()
    return event_id
