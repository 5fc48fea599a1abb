"""The drain alone on a full queue against raw COPY of the same rows into the same table.

The event has no decision log, as the rows that are copied have none; `decision_log` measures what a log costs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from bench import guests, ledger, load
from bench.lines import Line, ratio, value
from bench.machine import running_seconds
from bench.measures import Options
from bench.programs import ROOT
from bench.stack import Stack

ROWS = 22_000
PART = 1000
# Of which the report has the processor time of one decision.
WORKERS = {"drain": "the drain's", "database": "PostgreSQL's", "valkey": "Valkey's"}
DRAIN, COPY, PARTS = "drain rows/s", "COPY rows/s, one transaction", f"COPY rows/s, {PART} rows a transaction"


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratio to COPY with as many commits as the drain makes, and the ratio to one COPY; processor time."""
    samples: dict[str, list[float]] = {DRAIN: [], COPY: [], PARTS: []}
    costs: dict[str, list[float]] = {name: [] for name in WORKERS}
    for _ in range(options.fewer):
        event_id = ledger.new_event()
        guests.register(event_id, options.number(ROWS))
        ledger.tidy()
        used = drain_run(stack, event_id, DECISION_LOG="off")
        samples[DRAIN].append(options.number(ROWS) / used["seconds"])
        for name, found in costs.items():
            found.append(used[name] / options.number(ROWS) * 1e6)
        samples[COPY].append(_copy_rate(event_id, options.number(ROWS)))
        samples[PARTS].append(_copy_rate(event_id, PART))
        stack.forget(event_id)
    return [
        ratio(f"drain alone rows/s ÷ COPY committed every {PART:,} rows", DRAIN, PARTS, samples, at_least=0.55),
        ratio("drain alone rows/s ÷ raw COPY", DRAIN, COPY, samples, at_least=0.30),
        *(value(f"{whose} processor time of a decision", costs[name], unit="µs") for name, whose in WORKERS.items()),
    ]


def drain_rate(stack: Stack, event_id: int) -> float:
    """Registrations a second, decided by a drain alone; all that are queued must be decided."""
    queued = stack.queued(event_id)
    return queued / drain_run(stack, event_id)["seconds"]


def drain_run(stack: Stack, event_id: int, **settings: str) -> dict[str, float]:
    """A drain alone, with variables of its own if need be, decides all registrations that are queued: `seconds`, and
    those of the processors by `WORKERS`."""
    queued, before, valkey = stack.queued(event_id), ledger.decided(event_id), running_seconds(stack.redis_pid())
    found = drain_once(stack, event_id, **settings)
    decided = ledger.decided(event_id) - before
    if decided != queued:
        raise load.ClientFailedError(f"{queued} queued, {decided} decided")
    return {**found, "valkey": running_seconds(stack.redis_pid()) - valkey}


def drain_seconds(stack: Stack, event_id: int) -> float:
    """How long a drain alone takes for all that is queued."""
    return drain_once(stack, event_id)["seconds"]


def drain_once(stack: Stack, event_id: int, **settings: str) -> dict[str, float]:
    """What a drain alone takes for all that is queued: `seconds`, those of two processors, and its memory."""
    found: dict[str, float] = run_drain(stack, "bench.drain_once", str(event_id), **settings)
    return found


def run_drain(stack: Stack, program: str, *words: str, **settings: str) -> dict[str, Any]:
    """What a program that drains in one process prints."""
    command = [sys.executable, "-m", program, *words]
    env = {**stack.env, "DATABASE_URL": stack.env["DATABASE_URL_WORKER"], **settings}
    with stack.home.log("drain-once").open("ab") as log:
        done = subprocess.run(command, env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=log)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _copy_rate(event_id: int, part: int) -> float:
    rows = ledger.take_rows(event_id)
    parts = [rows[at : at + part] for at in range(0, len(rows), part)]
    started = time.perf_counter()
    for rows_of_one in parts:
        ledger.copy_rows(rows_of_one)
    return len(rows) / (time.perf_counter() - started)
