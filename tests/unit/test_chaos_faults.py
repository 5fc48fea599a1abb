"""A schedule of faults is drawn from its seed, heals in time, and leaves no kind out."""

from __future__ import annotations

import pytest

from chaos.faults import KINDS, LONGEST, Fault, draw
from chaos.layout import LAYOUTS, Layout

MINUTE = 60.0


def _draw(layout: Layout, seed: int, seconds: float = 5 * MINUTE) -> list[Fault]:
    return draw(layout, seed=seed, seconds=seconds, pause=1.0)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_a_seed_gives_the_same_schedule_each_time_and_another_seed_another(layout: Layout) -> None:
    assert _draw(layout, 5) == _draw(layout, 5) != _draw(layout, 6)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_every_fault_heals_before_the_end(layout: Layout) -> None:
    for seed in range(20):
        for fault in _draw(layout, seed, MINUTE):
            assert 0 < fault.at < fault.until <= MINUTE
            assert fault.until - fault.at <= LONGEST + 0.01


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_a_host_suffers_one_fault_at_a_time_and_so_do_a_primary_and_its_replicas(layout: Layout) -> None:
    hosts = {node.name: node.host for node in layout.nodes}
    for seed in range(20):
        healed: dict[str, float] = {}
        for fault in _draw(layout, seed):
            group = layout.group(hosts.get(fault.target, fault.target))
            assert fault.at >= healed.get(group, 0)
            healed[group] = fault.until


def test_the_hosts_of_a_shard_are_one_group_and_those_of_two_are_not() -> None:
    full = LAYOUTS["full"]
    assert full.group("shard1a") == full.group("shard1c") != full.group("shard2a")
    assert full.group("base1") == full.group("base2")
    assert full.group("app1") != full.group("app2")


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_every_kind_that_a_layout_can_suffer_comes_in_some_schedule(layout: Layout) -> None:
    drawn = {fault.kind for seed in range(20) for fault in _draw(layout, seed)}
    assert drawn == {kind for kind, how in KINDS.items() if how.choices(layout)}
