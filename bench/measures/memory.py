"""Redis bytes per ticket while it waits and after its decision: the growth of used_memory over the tickets."""

from __future__ import annotations

import time

from bench import load
from bench.measures import Options
from bench.report import Line
from bench.stack import Stack, new_event, wait_until

SECONDS = 8


def measure(stack: Stack, options: Options) -> list[Line]:
    """Two lines from one crowd. One look is enough: memory does not vary as times do."""
    del options
    with stack.door() as door:
        event_id = new_event()
        url = f"{door}/events/{event_id}/register"
        load.post(url, connections=32, seconds=1)
        present, before = stack.settled(event_id), _used(stack)
        load.post(url, connections=512, seconds=SECONDS)
        tickets = stack.settled(event_id) - present
        queued = (_used(stack) - before) / tickets
    empty = before - queued * present
    with stack.drain():
        wait_until(lambda: stack.queued(event_id) == 0, seconds=120, what="the drain")
    decided = (_used(stack) - empty) / (tickets + present)
    stack.forget(event_id)
    samples = {"tickets": [float(tickets)]}
    return [
        Line(name="Redis bytes per ticket, queued", measured=queued, at_most=500, unit="bytes", samples=samples),
        Line(name="Redis bytes per ticket, decided", measured=decided, at_most=250, unit="bytes"),
    ]


def _used(stack: Stack) -> int:
    time.sleep(1.5)  # buffers of clients that are gone are freed with a delay
    return int(stack.redis.info("memory")["used_memory"])
