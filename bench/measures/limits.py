"""What counting addresses costs the door: accepts with the limit on, so high that no request is refused, against off.

The rates scatter with whatever else the machine does; the processors' time for one accept, in the door and in Valkey,
says the same more steadily.
"""

from __future__ import annotations

from functools import partial

from bench.lines import Line
from bench.measures import Options
from bench.measures.accepts import accept_run, with_and_without
from bench.stack import Stack

CONNECTIONS = 512
HIGH = "999999999/hour"
# One venue, and a crowd behind a proxy in which hardly two share an address.
CROWDS = {"one address": 0, "100,000 addresses": 100_000}


def measure(stack: Stack, options: Options) -> list[Line]:
    """Two lines for each crowd."""
    with (
        stack.door_processes(REGISTER_RATE_LIMIT="off", TRUSTED_PROXIES="1") as off,
        stack.door_processes(REGISTER_RATE_LIMIT=HIGH, TRUSTED_PROXIES="1") as on,
    ):
        return [
            line
            for crowd, full in CROWDS.items()
            for line in with_and_without(
                options.fewer,
                f"limits, {crowd}",
                partial(accept_run, stack, on, CONNECTIONS, options, addresses=_number(options, full)),
                partial(accept_run, stack, off, CONNECTIONS, options, addresses=_number(options, full)),
                at_least=0.85,
            )
        ]


def _number(options: Options, full: int) -> int:
    return options.number(full, least=min(1, full))
