"""What the decision log costs the drain: the same queue drained with it and without."""

from __future__ import annotations

from bench import guests, ledger
from bench.lines import Line, ratio
from bench.measures import Options
from bench.measures.drain import drain_rate
from bench.stack import Stack

PEOPLE = 30_000
WITH, WITHOUT = "drain rows/s with a decision log", "drain rows/s without one"


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratio, one right behind the other; which is first changes from run to run."""
    samples: dict[str, list[float]] = {WITH: [], WITHOUT: []}
    for number in range(options.repetitions):
        for name in (WITH, WITHOUT) if number % 2 else (WITHOUT, WITH):
            samples[name].append(_rate(stack, options, log="on" if name == WITH else "off"))
    return [ratio("drain with a decision log ÷ without", WITH, WITHOUT, samples, at_least=0.85)]


def _rate(stack: Stack, options: Options, *, log: str) -> float:
    event_id = ledger.new_event()
    guests.register(event_id, options.number(PEOPLE))
    ledger.tidy()
    before = stack.env.get("DECISION_LOG", "on")
    stack.env["DECISION_LOG"] = log
    try:
        return drain_rate(stack, event_id)
    finally:
        stack.env["DECISION_LOG"] = before
        stack.forget(event_id)
