"""What a crowd needs, reckoned: each bound by itself, and the plan that is made of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench.capacity import check, needs, read_figures, site_of
from bench.simulation import STEP_SECONDS, Costs, Crowd, Result, Simulation, Site, fair_shares

FREE = 1e-9
COSTS = Costs(
    client=FREE,
    door=FREE,
    admit=FREE,
    drain=FREE,
    database=FREE,
    publish=FREE,
    deliver=FREE,
    record=FREE,
    decisions_per_event=1e9,
)
SITE = Site(doors=1, shards=1, drains=1, database_cores=1, dispatchers=1)


def run(costs: Costs, *, site: Site = SITE, people: float = 1000, **crowd: Any) -> Result:
    return Simulation(costs, site, Crowd(people=people, **crowd)).run()


@pytest.mark.parametrize("part", ["door", "admit", "drain", "database", "publish"])
def test_the_slowest_part_sets_the_time(part: str) -> None:
    assert run(replace(COSTS, **{part: 0.001})).decided == pytest.approx(1.0, abs=8 * STEP_SECONDS)


def test_twice_the_doors_take_half_the_time() -> None:
    costs = replace(COSTS, door=0.001)
    assert run(costs, site=replace(SITE, doors=2)).answered == pytest.approx(0.5, abs=8 * STEP_SECONDS)


def test_one_event_is_decided_in_one_order_however_many_drains_there_are() -> None:
    costs, many = replace(COSTS, decisions_per_event=1000.0), replace(SITE, drains=4, database_cores=4)
    assert run(costs, site=many, events=1).decided == pytest.approx(1.0, abs=8 * STEP_SECONDS)
    assert run(costs, site=many, events=4).decided == pytest.approx(0.25, abs=8 * STEP_SECONDS)


def test_parts_on_one_machine_share_its_cores() -> None:
    costs = replace(COSTS, door=0.001, drain=0.001)
    assert run(costs, site=replace(SITE, together=1)).decided == pytest.approx(2.0, abs=8 * STEP_SECONDS)
    assert run(costs, site=replace(SITE, together=2)).decided == pytest.approx(1.0, abs=8 * STEP_SECONDS)


def test_a_crowd_that_comes_slowly_waits_for_itself_alone() -> None:
    found = run(replace(COSTS, door=0.001), people=1000, seconds=2.0)
    assert found.decided == pytest.approx(2.0, abs=8 * STEP_SECONDS)
    assert found.busy["door"] == pytest.approx(0.5, abs=0.02)


def test_messages_are_delivered_behind_the_decisions() -> None:
    found = run(replace(COSTS, deliver=0.001), subscriptions=2)
    assert found.decided < 0.1
    assert found.delivered == pytest.approx(2.0, abs=8 * STEP_SECONDS)


def test_a_site_that_lacks_a_part_is_refused() -> None:
    with pytest.raises(ValueError, match="never done without: dispatcher"):
        run(COSTS, site=replace(SITE, dispatchers=0), subscriptions=1)
    assert run(COSTS, site=replace(SITE, dispatchers=0)).decided > 0


@pytest.mark.parametrize(
    ("demands", "shares"),
    [
        ({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0}),
        ({"a": 3.0, "b": 3.0}, {"a": 1.5, "b": 1.5}),
        ({"a": 0.5, "b": 9.0, "c": 9.0}, {"a": 0.5, "b": 1.25, "c": 1.25}),
    ],
)
def test_who_wants_more_than_there_is_gets_the_same(demands: dict[str, float], shares: dict[str, float]) -> None:
    assert fair_shares(3.0, demands) == shares


def test_the_plan_keeps_every_core_below_its_headroom() -> None:
    costs = replace(COSTS, door=80e-6, admit=20e-6, drain=20e-6, database=20e-6, deliver=1e-4, decisions_per_event=25e3)
    crowd = Crowd(people=1_000_000, seconds=60.0, events=50, subscriptions=1)
    found = needs(costs, crowd, headroom=0.6)
    assert {need.part: need.cores for need in found} == {
        "doors": 3,
        "shards": 1,
        "drains": 2,
        "PostgreSQL": 1,
        "dispatchers": 3,
    }
    busy = Simulation(costs, site_of(found), crowd).run().busy
    assert max(busy.values()) <= 0.6


def report(**changed: float) -> dict[str, Any]:
    """As `python -m bench` writes it."""
    crowd = "durable accepts, 512 connections"
    drop = "50,000 people at once, 50,000 seats: from the button to the"
    measured = {
        f"the client's processor time of {crowd}": 17.0,
        f"the door's processor time of {crowd}": 78.0,
        f"Valkey's processor time of {crowd}": 20.0,
        "the drain's processor time of a decision": 20.0,
        "PostgreSQL's processor time of a decision": 17.0,
        "Valkey's processor time of a decision": 5.0,
        "the dispatcher's processor time of a delivery": 100.0,
        "PostgreSQL's processor time of a delivery": 50.0,
        "drain alone rows/s ÷ raw COPY": 0.5,
        "status polls/s ÷ hello/s, 512 connections": 1.5,
        "Redis bytes per ticket, queued": 228.0,
        "Redis bytes per ticket, decided": 154.0,
        f"{drop} first answer, all": 4.0,
        f"{drop} decision, all": 4.1,
        **changed,
    }
    lines = [{"name": name, "measured": value, "samples": {}} for name, value in measured.items()]
    for line in lines:
        line["samples"] = {"drain rows/s": [26_000.0, 27_000.0, 25_000.0], "status polls/s": [25_000.0]}
    return {"machine": {"cores": 2}, "others": 0.0, "lines": lines}


def test_a_report_s_own_drop_is_reckoned_on_its_own_machine() -> None:
    figures = read_figures(report())
    assert figures.costs.decisions_per_event == 26_000.0
    found = check(figures)
    assert found.decided == pytest.approx(50_000 * 157e-6 / 2, rel=0.1)
    assert 0 < found.answered <= found.decided
    assert check(read_figures(report() | {"others": 0.5})).decided == pytest.approx(2 * found.decided, rel=0.1)


def test_the_plan_is_printed_with_what_bounds_one_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report()), "utf-8")
    assert bench.main(["capacity", "--json", str(path), "--price", "0.05"]) == 0
    told = capsys.readouterr().out
    assert "s reckoned" in told
    assert "an hour" in told
    assert "all for one event" in told
    lines = [line for line in report()["lines"] if "PostgreSQL" not in line["name"]]
    path.write_text(json.dumps(report() | {"lines": lines}), "utf-8")
    assert bench.main(["capacity", "--json", str(path)]) == 2
    assert "the report has no line" in capsys.readouterr().err
