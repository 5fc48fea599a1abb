"""What the door's fast path gains: accepts with FAST_PATH=off against the default. Only reported."""

from __future__ import annotations

from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.measures.accepts import accept_run
from bench.stack import Server, Stack

CONNECTIONS = (32, 512)
OFF, ON = "accepts/s, fast path off", "accepts/s, fast path on"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line for each number of connections."""
    with stack.door_processes() as on, stack.door_processes(FAST_PATH="off") as off:
        return [_line(stack, options, on, off, connections) for connections in CONNECTIONS]


def _line(stack: Stack, options: Options, on: Server, off: Server, connections: int) -> Line:
    def rate(door: Server) -> float:
        return accept_run(stack, door, connections, options).rate

    samples = interleaved(options.fewer, {OFF: lambda: rate(off), ON: lambda: rate(on)})
    return ratio(f"accepts/s with the fast path off ÷ on, {connections} connections", OFF, ON, samples)
