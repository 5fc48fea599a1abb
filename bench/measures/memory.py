"""Redis bytes per ticket while it waits and after its decision: the growth of used_memory over the tickets."""

from __future__ import annotations

import time

from bench import guests, ledger
from bench.lines import Line
from bench.measures import Options
from bench.stack import Stack
from bench.waiting import wait_until

TICKETS = 50_000
BEFORE = 5_000  # what an event's keys cost by themselves is paid by these


def measure(stack: Stack, options: Options) -> list[Line]:
    """Two lines from one crowd. One look is enough: memory does not vary as times do."""
    event_id = ledger.new_event()
    present = len(guests.register(event_id, options.number(BEFORE)))
    before = _used(stack, options)
    tickets = len(guests.register(event_id, options.number(TICKETS)))
    queued = (_used(stack, options) - before) / tickets
    empty = before - queued * present
    with stack.drain():
        wait_until(lambda: stack.queued(event_id) == 0, seconds=120, what="the drain")
        decided = (_used(stack, options) - empty) / (tickets + present)
    stack.forget(event_id)
    samples = {"tickets": [float(tickets)]}
    return [
        Line(name="Redis bytes per ticket, queued", measured=queued, at_most=500, unit="bytes", samples=samples),
        Line(name="Redis bytes per ticket, decided", measured=decided, at_most=250, unit="bytes"),
    ]


def _used(stack: Stack, options: Options) -> int:
    time.sleep(options.pause(1.5))  # buffers of clients that are gone are freed with a delay
    return int(stack.redis.info("memory")["used_memory"])
