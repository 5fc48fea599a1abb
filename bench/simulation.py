"""A drop, reckoned: how long a crowd waits, from what single parts were measured to cost.

    client → door → Valkey (admit) → 202 → drain + PostgreSQL (decide) → Valkey (publish) → dispatcher (deliver)

Everything flows in steps of ten milliseconds. In a step a part works on what waits for it, no faster than its share of
its machine's cores allows (processes that want more than there is get equal shares), and than as many cores as it has
processes. The decisions of one event are made one batch after the other, so their rate has a bound of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

STEP_SECONDS = 0.01
PARTS = ("client", "door", "valkey", "drain", "database", "dispatcher")
_ONE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Processor seconds of one registration in each part, and the decisions that one event's queue allows a second.

    Attributes:
        deliver, record: of one webhook message, in the dispatcher and in PostgreSQL.
    """

    client: float
    door: float
    admit: float
    drain: float
    database: float
    publish: float
    deliver: float
    record: float
    decisions_per_event: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What there is: processes of each part, and the cores of the machines that they run on.

    Attributes:
        together: cores of one machine that all parts share; 0: each process has a core of its own.
        connections: open requests at most; 0: any number, as from a crowd of phones.
    """

    clients: float = math.inf
    doors: float
    shards: float
    drains: float
    database_cores: float
    dispatchers: float = 0.0
    together: float = 0.0
    connections: float = 0.0

    def processes(self, events: int) -> dict[str, float]:
        """Returns how many cores each part can use at most. An event has one shard, one drain and one transaction."""
        return {
            "client": self.clients,
            "door": self.doors,
            "valkey": min(self.shards, events),
            "drain": min(self.drains, events),
            "database": self.database_cores,
            "dispatcher": self.dispatchers,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who comes: people, evenly over some seconds (0: all at once), to events of one size, with webhooks for each."""

    people: float
    seconds: float = 0.0
    events: int = 1
    subscriptions: int = 0


@dataclass(slots=True)
class Result:
    """Seconds until the last has the first answer, the decision, and until the last message is delivered; the share of
    each part's processes that was busy until the last decision; the longest queue of undecided tickets."""

    answered: float = 0.0
    decided: float = 0.0
    delivered: float = 0.0
    busy: dict[str, float] = field(default_factory=dict)
    longest_queue: float = 0.0


def fair_shares(budget: float, demands: Mapping[str, float]) -> dict[str, float]:
    """Divides `budget`: no part gets more than it asks for, and those that want more get the same."""
    shares: dict[str, float] = {}
    left = budget
    for number, name in enumerate(sorted(demands, key=lambda one: demands[one])):
        shares[name] = min(demands[name], left / (len(demands) - number))
        left -= shares[name]
    return shares


class Simulation:
    """One drop on one site."""

    def __init__(self, costs: Costs, site: Site, crowd: Crowd) -> None:
        self._costs, self._site, self._crowd = costs, site, crowd
        self._limits = site.processes(crowd.events)
        self._works_on = _stages(costs)
        stages = {stage for of in self._works_on.values() for stage in of}
        self._workers = {stage: [part for part, of in self._works_on.items() if stage in of] for stage in stages}
        self._waiting = dict.fromkeys(("client", "door", "admit", "decide", "publish", "deliver", "record"), 0.0)
        self._done = dict.fromkeys(("came", "answered", "decided", "delivered"), 0.0)
        self._used = dict.fromkeys(PARTS, 0.0)

    def run(self) -> Result:
        """Runs it until all is done. Raises ValueError for a site without a part that has work."""
        missing = [part for part, limit in self._limits.items() if not limit and self._has_work(part)]
        if missing:
            raise ValueError(f"never done without: {', '.join(missing)}")
        result, now = Result(), 0.0
        people, messages = self._crowd.people, self._crowd.people * self._crowd.subscriptions
        while self._done["decided"] < people - _ONE or self._done["delivered"] < messages - _ONE:
            self._come(now)
            self._step()
            now += STEP_SECONDS
            self._note(result, now)
        result.delivered = now if messages else 0.0
        return result

    def _has_work(self, part: str) -> bool:
        return bool(self._crowd.subscriptions) or part != "dispatcher"

    def _note(self, result: Result, now: float) -> None:
        result.longest_queue = max(result.longest_queue, self._waiting["decide"])
        if not result.answered and self._done["answered"] >= self._crowd.people - _ONE:
            result.answered = now
        if not result.decided and self._done["decided"] >= self._crowd.people - _ONE:
            result.decided = now
            result.busy = {
                name: self._used[name] / (now * limit)
                for name, limit in self._limits.items()
                if limit and math.isfinite(limit)
            }

    def _come(self, now: float) -> None:
        share = 1.0 if not self._crowd.seconds else min(1.0, (now + STEP_SECONDS) / self._crowd.seconds)
        new = self._crowd.people * share - self._done["came"]
        self._done["came"] += new
        self._waiting["client"] += new

    def _step(self) -> None:
        wanted = self._wanted()
        demands = {part: sum(cost * wanted[stage] for stage, cost in of.items()) for part, of in self._works_on.items()}
        limited = {part: min(demand, self._limits[part] * STEP_SECONDS) for part, demand in demands.items()}
        granted = fair_shares(self._site.together * STEP_SECONDS, limited) if self._site.together else limited
        ratios = {part: granted[part] / demand if demand else 1.0 for part, demand in demands.items()}
        moved = self._moved(wanted, ratios)
        for part, of in self._works_on.items():
            self._used[part] += sum(cost * moved[stage] for stage, cost in of.items())
        self._move(moved)

    def _wanted(self) -> dict[str, float]:
        """Returns how many items each stage could work on in this step."""
        wanted = dict(self._waiting)
        if self._site.connections:
            open_requests = self._waiting["door"] + self._waiting["admit"]
            wanted["client"] = min(wanted["client"], max(0.0, self._site.connections - open_requests))
        at_once = min(self._site.drains, self._crowd.events)
        wanted["decide"] = min(wanted["decide"], at_once * self._costs.decisions_per_event * STEP_SECONDS)
        return wanted

    def _moved(self, wanted: Mapping[str, float], ratios: Mapping[str, float]) -> dict[str, float]:
        return {stage: n * min([ratios[part] for part in self._workers[stage]]) for stage, n in wanted.items()}

    def _move(self, moved: Mapping[str, float]) -> None:
        for stage, number in moved.items():
            self._waiting[stage] -= number
        for stage, following in (("client", "door"), ("door", "admit"), ("admit", "decide"), ("decide", "publish")):
            self._waiting[following] += moved[stage]
        self._waiting["deliver"] += moved["publish"] * self._crowd.subscriptions
        self._waiting["record"] += moved["deliver"]
        self._done["answered"] += moved["admit"]
        self._done["decided"] += moved["publish"]
        self._done["delivered"] += moved["record"]


def _stages(costs: Costs) -> dict[str, dict[str, float]]:
    """Returns which stages each part works on, with its cost for one item."""
    return {
        "client": {"client": costs.client},
        "door": {"door": costs.door},
        "valkey": {"admit": costs.admit, "publish": costs.publish},
        "drain": {"decide": costs.drain},
        "database": {"decide": costs.database, "record": costs.record},
        "dispatcher": {"deliver": costs.deliver},
    }
