"""What the decision log costs the drain: the same queue drained with it and without.

Judged by processor time (of the drain, of its database session, and of Valkey), which other programs on the machine
change little; by the clock it is reported beside it.
"""

from __future__ import annotations

from bench import guests, ledger
from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.measures.drain import drain_run
from bench.stack import Stack

PEOPLE = 30_000
WITH, WITHOUT = "drain rows per second of processor time with a decision log", "without one"
CLOCKED_WITH, CLOCKED_WITHOUT = "drain rows/s with a decision log", "drain rows/s without one"


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratios, one right behind the other; which is first changes from run to run."""
    people = options.number(PEOPLE)
    found = interleaved(
        options.repetitions,
        {"on": lambda: _drained(stack, people, log="on"), "off": lambda: _drained(stack, people, log="off")},
    )
    rates = {
        name: [people / (used["drain"] + used["database"] + used["valkey"]) for used in found[log]]
        for name, log in ((WITH, "on"), (WITHOUT, "off"))
    }
    clocked = {
        name: [people / used["seconds"] for used in found[log]]
        for name, log in ((CLOCKED_WITH, "on"), (CLOCKED_WITHOUT, "off"))
    }
    return [
        ratio("drain with a decision log ÷ without, by processor time", WITH, WITHOUT, rates, at_least=0.85),
        ratio("drain with a decision log ÷ without, by the clock", CLOCKED_WITH, CLOCKED_WITHOUT, clocked),
    ]


def _drained(stack: Stack, people: int, *, log: str) -> dict[str, float]:
    event_id = ledger.new_event()
    guests.register(event_id, people)
    ledger.tidy()
    try:
        return drain_run(stack, event_id, DECISION_LOG=log)
    finally:
        stack.forget(event_id)
