"""What traces cost: a door that traces a share of what it takes in against one that does not, and a drain of these.

Two sides in one process, in turn. By processor time, which other programs on the machine change least; the drain by the
clock too. The thread that exports is part of it, and a collector that does nothing is in another process.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace

from bench import guests, ledger
from bench.lines import Line, ratio
from bench.measures import Options
from bench.measures.drain import run_drain
from bench.stack import Stack
from bench.trace_sink import TraceSink

PEOPLE = 20_000
TURNS = 80
SHARES = {"nothing": 0.0, "1 %": 0.01, "100 %": 1.0}
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
# Spans leave when the measure says so, and not by the clock, which may be in the other door's turn.
SELDOM = {"OTEL_BSP_SCHEDULE_DELAY": "600000"}


def measure(stack: Stack, options: Options) -> list[Line]:
    """For each share that is traced: accepts and decisions for the same processor time, and decisions by the clock."""
    with TraceSink() as sink:
        return [line for name, share in SHARES.items() for line in _share(stack, options, sink, name, share)]


def _share(stack: Stack, options: Options, sink: TraceSink, name: str, share: float) -> list[Line]:
    of = {
        f"{what} with {name} traced ÷ tracing off": (f"{what}, {name}", f"{what}, off")
        for what in ("accepts by the door's processor time", "decisions by processor time", "decisions/s")
    }
    samples: dict[str, list[float]] = {side: [] for pair in of.values() for side in pair}
    for repetition in range(options.fewer):
        door = _registered(stack, options.number(TURNS, least=4), share, sink)
        traced_first = bool(repetition % 2)
        drain = _drained(stack, options.number(PEOPLE, least=4000), share, sink, traced_first=traced_first)
        taken = (door, {k: v["processors"] for k, v in drain.items()}, {k: v["clock"] for k, v in drain.items()})
        for pair, seconds in zip(of.values(), taken, strict=True):
            for side, key in zip(pair, ("traced", "off"), strict=True):
                samples[side].append(1 / seconds[key])
    return [ratio(title, *pair, samples) for title, pair in of.items()]


def _registered(stack: Stack, turns: int, share: float, sink: TraceSink) -> dict[str, float]:
    """Seconds of the door's processor time for one registration, where this share is traced and where none is."""
    event_id = ledger.new_event()
    try:
        words = (str(event_id), str(share), str(turns))
        found: dict[str, float] = run_drain(stack, "bench.door_in_turn", *words, **{ENDPOINT: sink.url, **SELDOM})
        return found
    finally:
        stack.forget(event_id)


def _drained(
    stack: Stack, people: int, share: float, sink: TraceSink, *, traced_first: bool
) -> dict[str, dict[str, float]]:
    """Seconds of one decision by each clock, traced and not. Neither event has a decision log."""
    events = {side: ledger.new_event() for side in ("traced", "off")}
    guests.register(events["off"], people)
    with _tracing(share, sink):
        guests.register(events["traced"], people)
    ledger.tidy()
    words = [f"{event_id}={side}" for side, event_id in events.items()]
    try:
        return run_drain(stack, "bench.drain_in_turn", *words[:: 1 if traced_first else -1], **{ENDPOINT: sink.url})
    finally:
        stack.forget(*events.values())


@contextlib.contextmanager
def _tracing(share: float, sink: TraceSink) -> Iterator[None]:
    """Doors of this process trace this share."""
    from django.conf import settings

    from omnify.common.tracing_settings import TracingSettings

    usual, os.environ[ENDPOINT] = settings.ENV, sink.url
    settings.ENV = replace(usual, tracing=TracingSettings(share, parent_based=True))
    try:
        yield
    finally:
        settings.ENV = usual
        del os.environ[ENDPOINT]
