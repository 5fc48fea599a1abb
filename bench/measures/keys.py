"""What an Idempotency-Key costs the door: accepts with a fresh key each against accepts without one.

As in *limits*, the processors' time for one accept, in the door and in Valkey, says the same more steadily.
"""

from __future__ import annotations

from bench import load
from bench.lines import Line
from bench.measures import Options
from bench.measures.accepts import accept_run, with_and_without
from bench.stack import Stack

CONNECTIONS = 512
HEADER = f"Idempotency-Key: order-{load.SEED}-{load.NUMBER}\r\n"


def measure(stack: Stack, options: Options) -> list[Line]:
    """Two lines."""
    with stack.door_processes() as door:
        return with_and_without(
            options.repetitions,
            "Idempotency-Keys",
            lambda: accept_run(stack, door, CONNECTIONS, options, headers=HEADER),
            lambda: accept_run(stack, door, CONNECTIONS, options),
            at_least=0.9,
        )
