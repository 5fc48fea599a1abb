"""What an Idempotency-Key costs the door: accepts with a fresh key each against accepts without one.

As in *limits*, the processors' time for one accept, in the door and in Redis, says the same more steadily.
"""

from __future__ import annotations

from bench import load
from bench.machine import processor_seconds
from bench.measures import Options, interleaved
from bench.measures.accepts import accept_run
from bench.report import Line, ratio
from bench.stack import Stack

CONNECTIONS = 512
HEADER = f"Idempotency-Key: order-{load.SEED}-{load.NUMBER}\r\n"
WITH, WITHOUT = "accepts/s, with keys", "accepts/s, without"
COST_WITH, COST_WITHOUT = "µs an accept, with keys", "µs an accept, without"


def measure(stack: Stack, options: Options) -> list[Line]:
    """Two lines."""
    costs: dict[str, list[float]] = {WITHOUT: [], WITH: []}
    redis_pid = int(stack.redis.info("server")["process_id"])
    with stack.door_processes() as (url, pid):

        def rate(name: str, headers: str) -> float:
            found, cost = accept_run(
                stack,
                url,
                CONNECTIONS,
                options,
                headers=headers,
                used=lambda: processor_seconds(pid) + processor_seconds(redis_pid),
            )
            costs[name].append(cost * 1e6)
            return found

        runs = {WITHOUT: lambda: rate(WITHOUT, ""), WITH: lambda: rate(WITH, HEADER)}
        rates = interleaved(options.repetitions, runs)
    spent = {COST_WITHOUT: costs[WITHOUT], COST_WITH: costs[WITH]}
    return [
        ratio("accepts/s with Idempotency-Keys ÷ without", WITH, WITHOUT, rates, at_least=0.9),
        ratio("processor time of an accept without Idempotency-Keys ÷ with", COST_WITHOUT, COST_WITH, spent),
    ]
