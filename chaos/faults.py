"""Which faults strike when: a schedule drawn from a seed, the same one each time.

Each fault has a target and heals before the schedule ends. A host suffers one fault at a time; different hosts suffer
together.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from chaos.layout import CROWD, STORES, Layout, Node
from worker.failpoints import DispatchFailpoint, DrainFailpoint

QUIET_AT_FIRST = 1.0
SHORTEST, LONGEST = 1.0, 8.0
# After a fault a host is left alone for a moment, so that what a fault does is not always done to a dead host.
REST = 1.0


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
    "kill": _Kind(5, _every(_any)),
    "kill host": _Kind(3, lambda layout: [choice for choice in _every_host(layout) if choice[0] != CROWD]),
    "kill between steps": _Kind(3, _failpoints),
    "freeze": _Kind(4, _every(_any)),
    "restart": _Kind(2, _every(_any)),
    "fill disk": _Kind(2, _every(lambda node: node.kind in STORES and node.kind != "sentinel")),
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
        if free_at.get(host, 0) > at:
            continue
        free_at[host] = until + REST
        faults.append(Fault(round(at, 2), round(until, 2), name, target, detail))
    return faults
