"""What counting addresses costs the door: accepts with the limit on, so high that no request is refused, against off.

The rates scatter with whatever else the machine does; the processors' time for one accept, in the door and in Redis,
says the same more steadily.
"""

from __future__ import annotations

from typing import NamedTuple

from bench.machine import processor_seconds
from bench.measures import Options, interleaved
from bench.measures.accepts import accept_run
from bench.report import Line, ratio
from bench.stack import Stack

CONNECTIONS = 512
HIGH = "999999999/hour"
# One venue, and a crowd behind a proxy in which hardly two share an address.
CROWDS = {"one address": 0, "100,000 addresses": 100_000}
ON, OFF = "accepts/s, limit on", "accepts/s, limit off"
COST_ON, COST_OFF = "µs an accept, limit on", "µs an accept, limit off"


class Door(NamedTuple):
    """A door's address, and gunicorn's pid."""

    url: str
    pid: int


def measure(stack: Stack, options: Options) -> list[Line]:
    """Two lines for each crowd."""
    with (
        stack.door_processes(REGISTER_RATE_LIMIT="off", TRUSTED_PROXIES="1") as off,
        stack.door_processes(REGISTER_RATE_LIMIT=HIGH, TRUSTED_PROXIES="1") as on,
    ):
        doors = {ON: Door(*on), OFF: Door(*off)}
        return [line for crowd in CROWDS for line in _lines(stack, options, doors, crowd)]


def _lines(stack: Stack, options: Options, doors: dict[str, Door], crowd: str) -> list[Line]:
    redis_pid = int(stack.redis.info("server")["process_id"])
    costs: dict[str, list[float]] = {ON: [], OFF: []}

    def rate(name: str) -> float:
        door = doors[name]
        found, cost = accept_run(
            stack,
            door.url,
            CONNECTIONS,
            options,
            addresses=options.number(CROWDS[crowd], least=min(1, CROWDS[crowd])),
            used=lambda: processor_seconds(door.pid) + processor_seconds(redis_pid),
        )
        costs[name].append(cost * 1e6)
        return found

    rates = interleaved(options.repetitions, {name: lambda name=name: rate(name) for name in doors})
    spent = {COST_ON: costs[ON], COST_OFF: costs[OFF]}
    return [
        ratio(f"accepts/s with limits ÷ without, {crowd}", ON, OFF, rates, at_least=0.85),
        ratio(f"processor time of an accept without limits ÷ with, {crowd}", COST_OFF, COST_ON, spent),
    ]
