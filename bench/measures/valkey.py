"""Accepts at the door against what Valkey alone does with the same script (`bench/yardstick.py`).

Valkey gets batches of the size that the door made in the run before, from as many callers as there are doors; it has
the processors to itself, while the door shares them with Valkey and the crowd.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench import ledger, yardstick
from bench.lines import Line, ratio, value
from bench.measures import Options, interleaved
from bench.measures.accepts import accept_run
from bench.stack import Stack

CONNECTIONS = 512
PEOPLE = 100_000
DOOR, ALONE = "accepts/s", "accepts/s of Valkey alone"


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratio, and the size of the batches."""
    with stack.door_processes() as door:
        callers, crowd = door.workers(), yardstick.people(options.number(PEOPLE))
        made = [accept_run(stack, door, CONNECTIONS, options)]  # warms up, and says how large the first batches are

        def accept() -> float:
            made.append(accept_run(stack, door, CONNECTIONS, options))
            return made[-1].rate

        def alone() -> float:
            return _alone(stack, crowd, batch=round(made[-1].batch), callers=callers)

        samples = interleaved(options.repetitions, {DOOR: accept, ALONE: alone})
    name = f"accepts/s ÷ Valkey alone with the same batches and callers, {CONNECTIONS} connections"
    return [
        ratio(name, DOOR, ALONE, samples, at_least=0.30),
        value("registrations in one of these batches", [one.batch for one in made]),
    ]


def _alone(stack: Stack, crowd: Sequence[Any], *, batch: int, callers: int) -> float:
    event_id = ledger.new_event()
    ledger.publish(event_id)
    calls = yardstick.packed_calls(event_id, crowd, batch=max(1, batch))
    seconds = yardstick.run(stack.env["REDIS_URL"], calls, callers=callers)
    queued = stack.queued(event_id)
    stack.forget(event_id)
    if queued != len(crowd):
        raise yardstick.YardstickError(f"{queued} of {len(crowd)} registrations are in the queue")
    return len(crowd) / seconds
