"""The drain alone on a full queue against raw COPY of the same rows into the same table."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time

from bench import load
from bench.measures import Options
from bench.programs import ROOT
from bench.report import Line, ratio
from bench.stack import Stack, decided, new_event

FILL_SECONDS = 5
PART = 1000
DRAIN, COPY, PARTS = "drain rows/s", "COPY rows/s, one transaction", f"COPY rows/s, {PART} rows a transaction"

_COLUMNS = """ticket_key, name, email, email_key, status, reason, sequence, revision,
    requested_at, decided_at, confirmed_at, checked_in_at, callback_url, callback_organizer_id"""


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratio to one COPY; the ratio to COPY with the drain's own commits is reported."""
    samples: dict[str, list[float]] = {DRAIN: [], COPY: [], PARTS: []}
    for _ in range(options.repetitions):
        event_id = new_event()
        with stack.door() as door:
            load.post(f"{door}/events/{event_id}/register", connections=512, seconds=FILL_SECONDS)
        samples[DRAIN].append(drain_rate(stack, event_id))
        rows = _rows(event_id)
        samples[COPY].append(_copy_rate(rows, len(rows)))
        samples[PARTS].append(_copy_rate(rows, PART))
        stack.forget(event_id)
    return [
        ratio("drain alone rows/s ÷ raw COPY", DRAIN, COPY, samples, at_least=0.30),
        ratio(f"drain alone rows/s ÷ COPY committed every {PART:,} rows", DRAIN, PARTS, samples),
    ]


def drain_rate(stack: Stack, event_id: int) -> float:
    """Registrations a second, decided by a drain alone; all that are queued must be decided."""
    queued = stack.settled(event_id)
    seconds = drain_seconds(stack, event_id)
    if decided(event_id) != queued:
        raise load.ClientFailedError(f"{queued} queued, {decided(event_id)} decided")
    return queued / seconds


def drain_seconds(stack: Stack, event_id: int) -> float:
    """How long a drain alone takes for all that is queued."""
    command = [sys.executable, "-m", "bench.drain_once", str(event_id)]
    with (stack.home / "log" / "drain-once.log").open("ab") as log:
        done = subprocess.run(command, env=stack.env, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=log)
    return float(json.loads(done.stdout)["seconds"])


def _rows(event_id: int) -> list[bytes]:
    from django.db import connection

    out = io.BytesIO()
    with connection.cursor() as cursor:
        query = f"SELECT {_COLUMNS} FROM events_registration WHERE event_id = {event_id} ORDER BY id"  # noqa: S608
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", out)
    return out.getvalue().splitlines(keepends=True)


def _copy_rate(rows: list[bytes], part: int) -> float:
    from django.db import connection, transaction

    prefix = str(new_event()).encode() + b"\t"
    parts = [b"".join(prefix + row for row in rows[at : at + part]) for at in range(0, len(rows), part)]
    statement = f"COPY events_registration (event_id, {_COLUMNS}) FROM STDIN"
    started = time.perf_counter()
    for text in parts:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.copy_expert(statement, io.BytesIO(text))
    return len(rows) / (time.perf_counter() - started)
