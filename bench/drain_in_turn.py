"""Drains events in this process, time slice after time slice in turn, and says what a decision of each took:
`python -m bench.drain_in_turn EVENT=on EVENT=off`, with and without a decision log. EVENT=traced has none, but traces.

One process for all sides, and slices so short that whatever else the machine does strikes all of them. The same code as
a worker's task, without Celery around it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from worker.drain import Drain

# Some six batches: the first of a slice is not drafted ahead, and the last has none behind it.
SLICE_SECONDS = 0.25
ONE_BATCH = 0.001
CLOCKS = ("clock", "processors")


@dataclass(slots=True)
class Side:
    """One event, its kind (`on`, `off` or `traced`), and the seconds of a decision in each slice by each clock."""

    event_id: int
    log: str
    slices: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CLOCKS})

    @property
    def each(self) -> dict[str, float]:
        """Seconds of one decision, in a slice that nothing else has made longer."""
        return {name: median(found) for name, found in self.slices.items()}


def main() -> None:
    """Prints `{"on": {"clock": ..., "processors": ...}, "off": ...}`."""
    django.setup()
    from omnify.common.gc_tuning import freeze_gc

    sides = [Side(int(event_id), log) for event_id, log in (word.split("=") for word in sys.argv[1:])]
    for side in sides:
        _begin(side)
    freeze_gc()
    _take_turns(sides)
    print(json.dumps({side.log: side.each for side in sides}))


def _begin(side: Side) -> None:
    """Decides a batch, which is not counted: an event has a log from its first decision on, or never."""
    from django.conf import settings

    from bench.drain_once import new_drain

    settings.ENV = replace(settings.ENV, decision_log=side.log == "on")
    new_drain(slice_seconds=ONE_BATCH).run(side.event_id)


def _take_turns(sides: Sequence[Side]) -> None:
    """Drains until the queue of one is empty."""
    from bench.drain_once import new_drain
    from worker.drain import Drained

    usual = new_drain(slice_seconds=SLICE_SECONDS)
    drains = {side.log: _traced(usual) if side.log == "traced" else usual for side in sides}
    now, results = _clocks(), {Drained.MORE}
    while results == {Drained.MORE}:
        # A B B A A B ...
        sides, results = sides[::-1], set()
        for side in sides:
            decided, before = _decided(side), now()
            results.add(drains[side.log].run(side.event_id))
            if side.log == "traced":
                # What it costs to send them must not fall into the other's slice.
                _flush()
            after, decisions = now(), _decided(side) - decided
            for name, found in side.slices.items():
                found.append((after[name] - before[name]) / max(decisions, 1))
    if not results <= {Drained.MORE, Drained.IDLE}:
        sys.exit(f"the drain ended {', '.join(results)}")


def _traced(drain: Drain) -> Drain:
    from worker import traces

    return replace(drain, pipeline=traces.pipeline())


def _flush() -> None:
    from worker import traces

    found = traces.traces()
    if found is not None:
        found.flush()


def _decided(side: Side) -> int:
    from bench import ledger

    return ledger.confirmed(side.event_id)


def _clocks() -> Callable[[], dict[str, float]]:
    """Returns what reads the clocks: on the wall, and of the processors for this process, its database session, and the
    queue's server."""
    from bench.drain_once import backend
    from bench.machine import running_seconds
    from omnify.common.clients import redis_client

    session, valkey = backend(), int(redis_client().info("server")["process_id"])
    return lambda: {
        "clock": time.perf_counter(),
        "processors": time.process_time() + running_seconds(session) + running_seconds(valkey),
    }


if __name__ == "__main__":
    main()
