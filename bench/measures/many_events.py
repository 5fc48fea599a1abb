"""Fifty events at once against one: the same crowd at the same door, each request for the next event in turn."""

from __future__ import annotations

from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.measures.accepts import accept_run
from bench.stack import Stack

EVENTS = 50
CONNECTIONS = 512
MANY, ONE = f"accepts/s, {EVENTS} events", "accepts/s, one event"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line. The drain is stopped."""
    with stack.door_processes() as door:

        def rate(events: int) -> float:
            return accept_run(stack, door, CONNECTIONS, options, events=events).rate

        samples = interleaved(options.repetitions, {MANY: lambda: rate(EVENTS), ONE: lambda: rate(1)})
    name = f"accepts/s on {EVENTS} events at once ÷ one event, {CONNECTIONS} connections"
    return [ratio(name, MANY, ONE, samples, at_least=0.7)]
