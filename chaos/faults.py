"""Which faults strike when: a schedule drawn from a seed, the same one each time.

Each fault has a target and heals before the schedule ends. A host suffers one fault at a time, and so do a primary and
its replicas together (`Layout.group`); other hosts suffer at the same time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from chaos.layout import CROWD, Layout, Node
from worker.failpoints import DispatchFailpoint, DrainFailpoint

QUIET_AT_FIRST = 1.0
# How many events a run has.
EVENTS = 4
SHORTEST, LONGEST = 1.0, 8.0
# After a fault a host is left alone for a moment, so that what a fault does is not always done to a dead host; replicas
# need some seconds until they have what they missed.
REST, REST_OF_REPLICAS = 1.0, 6.0
# In each direction: as between two quarters of a city, two continents, and through a network that is badly overloaded.
DELAYS_MS = (20, 100, 300)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """A fault. `at` and `until` are seconds from the beginning; `target` is a host or a node, `detail` depends on
    `kind`."""

    at: float
    until: float
    kind: str
    target: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How to draw a kind of fault: from which (host, target, detail), and how often compared with others."""

    weight: int
    choices: Callable[[Layout], list[tuple[str, str, str]]]


def _every_host(layout: Layout) -> list[tuple[str, str, str]]:
    return [(host, host, "") for host in _hosts(layout)]


def _delays(layout: Layout) -> list[tuple[str, str, str]]:
    return [(host, host, f"{delay} ms") for host in _hosts(layout) for delay in DELAYS_MS]


def _delayed_links(layout: Layout) -> list[tuple[str, str, str]]:
    """Lists links that have work to do: of doors and workers to each store, and of replicas to their primary."""
    programs = dict.fromkeys(node.host for node in layout.of("door", "drain", "dispatcher"))
    stores = [node.host for node in layout.of("valkey", "postgres")]
    links = [(host, store) for host in programs for store in stores]
    links += [(node.host, layout.node(node.primary).host) for node in layout.nodes if node.primary]
    return [(host, host, f"{delay} ms to {peer}") for host, peer in links for delay in DELAYS_MS]


def _pairs(layout: Layout) -> list[tuple[str, str, str]]:
    hosts = _hosts(layout)
    return [(one, one, other) for one in hosts for other in hosts if one != other]


def _hosts(layout: Layout) -> list[str]:
    return [*dict.fromkeys(node.host for node in layout.nodes), CROWD]


def _every(wanted: Callable[[Node], bool]) -> Callable[[Layout], list[tuple[str, str, str]]]:
    return lambda layout: [(node.host, node.name, "") for node in layout.nodes if wanted(node)]


def _failpoints(layout: Layout) -> list[tuple[str, str, str]]:
    points = {"drain": get_args(DrainFailpoint), "dispatcher": get_args(DispatchFailpoint)}
    return [(node.host, node.name, point) for node in layout.nodes for point in points.get(node.kind, ())]


def _replicas(layout: Layout) -> list[tuple[str, str, str]]:
    """Lists replicas of the queue that can be asked to take over."""
    if not layout.fails_over:
        return []
    return [(node.host, node.name, "") for node in layout.of("valkey", service="queue") if node.primary]


def _slots(layout: Layout) -> list[tuple[str, str, str]]:
    """Lists events, and by how many masters their slots move on. Other faults may strike the masters meanwhile."""
    if layout.queue != "cluster":
        return []
    return [(f"slot of event {event}", str(event), str(by)) for event in range(1, EVENTS + 1) for by in (1, 2)]


def _clocks(layout: Layout) -> list[tuple[str, str, str]]:
    """Lists nodes whose clocks jump by some seconds. A Sentinel that sees its own clock jump only waits for a while."""
    nodes = [node for node in layout.nodes if node.kind != "sentinel"]
    return [(node.host, node.name, seconds) for node in nodes for seconds in ("-45", "-7", "+7", "+45")]


def _any(_: Node) -> bool:
    return True


KINDS: dict[str, _Kind] = {
    "cut": _Kind(3, _every_host),
    "cut incoming": _Kind(2, _every_host),
    "cut outgoing": _Kind(2, _every_host),
    "cut pair": _Kind(3, _pairs),
    "cut pair one way": _Kind(2, _pairs),
    "lossy": _Kind(2, _every_host),
    "slow": _Kind(2, _every_host),
    "delay": _Kind(2, _delays),
    "delay pair": _Kind(4, _delayed_links),
    "kill": _Kind(5, _every(_any)),
    "kill host": _Kind(3, lambda layout: [choice for choice in _every_host(layout) if choice[0] != CROWD]),
    "kill between steps": _Kind(3, _failpoints),
    "freeze": _Kind(4, _every(_any)),
    "restart": _Kind(2, _every(_any)),
    "skew": _Kind(3, _clocks),
    "fail over": _Kind(3, _replicas),
    "promote database": _Kind(3, _every(lambda node: node.kind == "postgres" and bool(node.primary))),
    "move slot": _Kind(4, _slots),
    "fill disk": _Kind(2, _every(lambda node: node.kind in ("valkey", "postgres"))),
}


def draw(
    layout: Layout, *, seed: int, seconds: float, pause: float, kinds: dict[str, _Kind] | None = None
) -> list[Fault]:
    """Draws a schedule of `seconds`.

    Args:
        pause: the mean time between the beginnings of two faults.
        kinds: those to draw from; all unless given.
    """
    rng = random.Random(f"{layout.name}/{seed}")
    possible = {name: kind for name, kind in (kinds or KINDS).items() if kind.choices(layout)}
    free_at: dict[str, float] = {}
    faults: list[Fault] = []
    at = QUIET_AT_FIRST
    while (at := at + rng.expovariate(1 / pause)) + SHORTEST <= seconds:
        name = rng.choices(list(possible), [kind.weight for kind in possible.values()])[0]
        host, target, detail = rng.choice(possible[name].choices(layout))
        until = min(seconds, at + rng.uniform(SHORTEST, LONGEST))
        group = layout.group(host)
        if free_at.get(group, 0) > at:
            continue
        free_at[group] = until + (REST_OF_REPLICAS if layout.replicas_of(group) else REST)
        faults.append(Fault(round(at, 2), round(until, 2), name, target, detail))
    return faults
