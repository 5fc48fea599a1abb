"""Status polls against the server's hello: one half of the tickets asked about is decided, the other half waits."""

from __future__ import annotations

from pathlib import Path

from bench import guests, ledger
from bench.lines import Line
from bench.measures import Options
from bench.measures.pages import gets_against_hello
from bench.stack import Stack
from bench.waiting import wait_until

TICKETS = 1000
LIMITS = {32: 0.85, 512: 1.5}


def measure(stack: Stack, options: Options) -> list[Line]:
    """One line for each number of connections."""
    paths = _tickets(stack, options.number(TICKETS))
    with stack.door() as door, stack.hello() as hello:
        return [
            gets_against_hello(
                options,
                options.repetitions,
                *("status polls/s", door, hello, paths, connections),
                at_least=limit,
            )
            for connections, limit in LIMITS.items()
        ]


def _tickets(stack: Stack, number: int) -> Path:
    event_id = ledger.new_event()
    settled = guests.register(event_id, number)
    with stack.drain():
        wait_until(lambda: stack.queued(event_id) == 0, seconds=60, what="the drain")
    waiting = guests.register(event_id, number)
    path = stack.path / "tickets"
    mixed = [one for pair in zip(settled, waiting, strict=True) for one in pair]
    path.write_text("\n".join(mixed) + "\n", "utf-8")
    return path
