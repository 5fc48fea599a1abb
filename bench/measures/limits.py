"""What counting addresses costs the door: accepts with the limit on, so high that nobody is refused, against off."""

from __future__ import annotations

from bench.measures import Options, interleaved
from bench.measures.accepts import accept_rate
from bench.report import Line, ratio
from bench.stack import Stack

CONNECTIONS = 512
HIGH = "999999999/hour"
# One venue, and a crowd behind a proxy in which hardly two share an address.
CROWDS = {"one address": 0, "100,000 addresses": 100_000}
ON, OFF = "accepts/s, limit on", "accepts/s, limit off"


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line for each crowd."""
    with (
        stack.door("door", REGISTER_RATE_LIMIT="off", TRUSTED_PROXIES="1") as off,
        stack.door("door-limited", REGISTER_RATE_LIMIT=HIGH, TRUSTED_PROXIES="1") as on,
    ):
        return [_line(stack, options, on, off, name, addresses) for name, addresses in CROWDS.items()]


def _line(stack: Stack, options: Options, on: str, off: str, crowd: str, addresses: int) -> Line:
    def rate(door: str) -> float:
        return accept_rate(stack, door, CONNECTIONS, options.seconds, addresses=addresses)

    samples = interleaved(options.repetitions, {ON: lambda: rate(on), OFF: lambda: rate(off)})
    return ratio(f"accepts/s with limits ÷ without, {crowd}", ON, OFF, samples, at_least=0.85)
