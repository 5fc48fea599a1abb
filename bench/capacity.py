"""`python -m bench capacity [--people N] [--seconds S] [--events E] [--webhooks K] ...`: what a crowd needs.

From what a report of `python -m bench` says that one registration costs in each part: how many of each part it takes,
what bounds one event, and how long the crowd waits. First the same simulation reckons the drop that the report measured
on its one machine, and prints prediction ÷ measured.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from bench.simulation import Costs, Crowd, Result, Simulation, Site

_DOCS = Path(__file__).parent.parent / "docs"
DEFAULT = _DOCS / "performance.json"
_CROWD = "durable accepts, 512 connections"
# What `bench/measures/drop.py` does.
DROP_PEOPLE, DROP_CONNECTIONS = 50_000, 512
GIB = 1024**3
# A registration's row and its entries in the indexes (docs/deployment.md, 50 million of them).
ROW_BYTES = 370


class Missing(Exception):
    """The report lacks a figure; the message says which."""


class Figures(NamedTuple):
    """What a report says: costs, bytes of Valkey for a queued and a decided ticket, cores that were free, the
    seconds of its drop (first answer, decision), and the processor seconds of a poll, its client's and Valkey's too."""

    costs: Costs
    queued_bytes: float
    decided_bytes: float
    cores: float
    drop: tuple[float, float]
    poll: float


def read_figures(report: Mapping[str, Any]) -> Figures:
    """Reads what is needed from a run of every measure. Raises Missing."""
    lines = {line["name"]: line for line in report["lines"]}

    def measured(name: str) -> float:
        if name not in lines:
            raise Missing(f"the report has no line {name!r}")
        return float(lines[name]["measured"])

    def cost(name: str) -> float:
        return measured(name) * 1e-6

    def rate(name: str, sample: str) -> float:
        measured(name)
        found = sorted(lines[name]["samples"][sample])
        return float(found[len(found) // 2])

    drop = f"{DROP_PEOPLE:,} people at once, {DROP_PEOPLE:,} seats: from the button to the "
    return Figures(
        costs=Costs(
            client=cost(f"the client's processor time of {_CROWD}"),
            door=cost(f"the door's processor time of {_CROWD}"),
            admit=cost(f"Valkey's processor time of {_CROWD}"),
            drain=cost("the drain's processor time of a decision"),
            database=cost("PostgreSQL's processor time of a decision"),
            publish=cost("Valkey's processor time of a decision"),
            deliver=cost("the dispatcher's processor time of a delivery"),
            record=cost("PostgreSQL's processor time of a delivery"),
            decisions_per_event=rate("drain alone rows/s ÷ raw COPY", "drain rows/s"),
        ),
        queued_bytes=measured("Redis bytes per ticket, queued"),
        decided_bytes=measured("Redis bytes per ticket, decided"),
        cores=report["machine"]["cores"] * (1.0 - (report["others"] or 0.0)),
        drop=(measured(f"{drop}first answer, all"), measured(f"{drop}decision, all")),
        poll=report["machine"]["cores"] / rate("status polls/s ÷ hello/s, 512 connections", "status polls/s"),
    )


def check(figures: Figures) -> Result:
    """Reckons the report's own drop: client, two doors, Valkey, a drain and PostgreSQL on its machine."""
    site = Site(
        clients=1, doors=2, shards=1, drains=1, database_cores=1, together=figures.cores, connections=DROP_CONNECTIONS
    )
    return Simulation(figures.costs, site, Crowd(people=DROP_PEOPLE)).run()


class Need(NamedTuple):
    """How many cores a part needs at a rate, and why."""

    part: str
    cores: int
    why: str


def needs(costs: Costs, crowd: Crowd, *, headroom: float) -> list[Need]:
    """Returns what each part needs so that no core is busier than `headroom` at the crowd's mean rate."""
    rate = crowd.people / crowd.seconds
    messages = rate * crowd.subscriptions

    def count(used: float) -> int:
        return max(1, math.ceil(used / headroom))

    drains = max(count(rate * costs.drain), count(rate / costs.decisions_per_event))
    database = rate * costs.database + messages * costs.record
    dispatchers = count(messages * costs.deliver) if messages else 0
    return [
        Need("doors", count(rate * costs.door), f"{_per(costs.door)} a core, polls included"),
        Need("shards", count(rate * (costs.admit + costs.publish)), f"{_per(costs.admit + costs.publish)} a core"),
        Need("drains", drains, f"{costs.decisions_per_event:,.0f}/s of one event, {_per(costs.drain)} a core"),
        Need("PostgreSQL", count(database), f"{_per(costs.database)} a core, and {_per(costs.record)} messages"),
        Need("dispatchers", dispatchers, f"{_per(costs.deliver)} messages a core"),
    ]


def bounds_of_one_event(costs: Costs) -> tuple[float, float]:
    """Returns the registrations a second that one event's shard and its decisions in order allow."""
    return 1 / (costs.admit + costs.publish), costs.decisions_per_event


def _per(cost: float) -> str:
    return f"{1 / cost:,.0f}/s"


def site_of(found: Sequence[Need]) -> Site:
    """Returns the site that has what is needed, each process with a core of its own."""
    doors, shards, drains, database, dispatchers = (need.cores for need in found)
    return Site(doors=doors, shards=shards, drains=drains, database_cores=database, dispatchers=dispatchers)


def main(words: Sequence[str]) -> int:
    """Prints the check and the plan. Returns 2 for a report that lacks figures."""
    given = _arguments(words)
    try:
        figures = read_figures(json.loads(given.json.read_text("utf-8")))
    except Missing as problem:
        print(problem, file=sys.stderr)
        return 2
    _print_check(figures)
    crowd = Crowd(people=given.people, seconds=given.seconds, events=given.events, subscriptions=given.webhooks)
    polled = replace(figures.costs, door=figures.costs.door + given.polls * figures.poll)
    found = needs(polled, crowd, headroom=given.headroom)
    _print_plan(figures._replace(costs=polled), crowd, found, price=given.price)
    return 0


def _print_check(figures: Figures) -> None:
    reckoned = check(figures)
    print(f"a drop of {DROP_PEOPLE:,} on the {figures.cores:.2f} cores that were free:")
    for what, predicted, measured in zip(
        ("first answer, all", "decision, all"), (reckoned.answered, reckoned.decided), figures.drop, strict=True
    ):
        print(f"  {what:<18} {predicted:6.2f} s reckoned, {measured:6.2f} s measured: {predicted / measured:.2f}")


def _print_plan(figures: Figures, crowd: Crowd, found: Sequence[Need], *, price: float) -> None:
    site = site_of(found)
    result = Simulation(figures.costs, site, crowd).run()
    print(f"\n{crowd.people:,.0f} registrations in {crowd.seconds:g} s, {crowd.events} events, ", end="")
    print(f"{crowd.subscriptions} webhooks for each:")
    busy = dict(zip(("doors", "shards", "drains", "PostgreSQL", "dispatchers"), _busy(result), strict=True))
    for need in found:
        print(f"  {need.part:<12} {need.cores:3} cores, {busy[need.part]:4.0%} busy   {need.why}")
    cores = sum(need.cores for need in found)
    print(f"  {'in all':<12} {cores:3} cores" + (f", {cores * price:.2f} an hour" if price else ""))
    print(f"  Valkey: {result.longest_queue * figures.queued_bytes / GIB:.2f} GiB queued at most, ", end="")
    print(f"{crowd.people * figures.decided_bytes / GIB:.2f} GiB decided (for two days)")
    print(f"  PostgreSQL: {crowd.people * ROW_BYTES / GIB:.2f} GiB on disk")
    print(f"  last decision after {result.decided:.1f} s", end="")
    print(f", last message after {result.delivered:.1f} s" if crowd.subscriptions else "")
    one = Simulation(figures.costs, site, replace(crowd, events=1, subscriptions=0)).run()
    print(f"  all for one event: last decision after {one.decided:.1f} s", end="")
    print("; one event's shard allows {:,.0f}/s, its order {:,.0f}/s".format(*bounds_of_one_event(figures.costs)))


def _busy(result: Result) -> list[float]:
    return [result.busy.get(name, 0.0) for name in ("door", "valkey", "drain", "database", "dispatcher")]


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench capacity", description=__doc__)
    parser.add_argument("--json", type=Path, default=DEFAULT, help="a report of `python -m bench`")
    parser.add_argument("--people", type=float, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="in which they come")
    parser.add_argument("--events", type=int, default=50, help="of one size")
    parser.add_argument("--webhooks", type=int, default=1, help="messages for each decision")
    parser.add_argument("--polls", type=float, default=2, help="of each person, for the decision")
    parser.add_argument("--headroom", type=float, default=0.6, help="how busy a core may be")
    parser.add_argument("--price", type=float, default=0.0, help="of one core for an hour, in any currency")
    return parser.parse_args(words)
