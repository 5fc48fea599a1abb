"""The bench's arithmetic, its marks, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import report
from bench.lines import Line, ratio, value
from bench.machine import Moment, others_share
from bench.measures import Options, interleaved
from bench.measures.accepts import LIMITS
from bench.measures.browser import HEADERS
from bench.report import Facts

FACTS = Facts(
    finished_at="2030-01-01T00:00:00+00:00",
    commit="abc1234",
    took_seconds=600,
    machine={"cores": 2, "cpu": "a processor", "python": "3.11.7", "fsync_us": 250},
    load=(0.5, 0.25, 0.1),
    others=0.03,
    client="C",
    options={"repetitions": 5, "seconds": 1.5},
)


def test_a_ratio_is_the_median_of_pairs_so_that_a_slow_minute_harms_neither_side() -> None:
    # The machine was half as fast in the last repetition. The quotient of the two medians would be 0.5.
    line = ratio("a ÷ b", "a", "b", {"a": [60.0, 50.0, 30.0], "b": [100.0, 100.0, 50.0]})
    assert line.measured == 0.6
    assert tuple(line.spread) == (0.5, 0.6)
    assert set(line.samples) == {"a", "b"}


def test_a_pair_that_lacks_its_half_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio("a ÷ b", "a", "b", {"a": [1.0, 2.0], "b": [1.0]})


@pytest.mark.parametrize(
    ("measured", "limits", "mark"),
    [
        (0.5, {"at_least": 0.5}, "ok"),
        (0.4999, {"at_least": 0.5}, "SHORT"),
        (3.0, {"at_most": 3}, "ok"),
        (3.001, {"at_most": 3}, "SHORT"),
        (float("nan"), {"at_least": 0.5}, "SHORT"),
        (float("nan"), {"at_most": 3}, "SHORT"),
        (0.1, {}, ""),
    ],
)
def test_a_figure_beyond_its_limit_falls_short(measured: float, limits: dict[str, float], mark: str) -> None:
    line = Line(name="x", measured=measured, **limits)  # type: ignore[arg-type]
    assert line.mark == mark
    assert line.ok is (mark != "SHORT")


def test_a_margin_of_one_just_keeps_the_limit() -> None:
    assert Line(name="x", measured=0.6, at_least=0.5).margin(0.6) == pytest.approx(1.2)
    assert Line(name="x", measured=6.0, at_most=3).margin(6.0) == pytest.approx(0.5)


def test_runs_alternate_and_every_second_repetition_goes_backwards() -> None:
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return float(len(order))

    samples = interleaved(3, {"a": lambda: run("a"), "b": lambda: run("b")})
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert samples == {"a": [1.0, 4.0, 5.0], "b": [2.0, 3.0, 6.0]}


def test_what_takes_long_is_repeated_three_times_of_five() -> None:
    fewer = {n: Options(repetitions=n, seconds=1).fewer for n in (1, 2, 3, 5, 7)}
    assert fewer == {1: 1, 2: 2, 3: 2, 5: 3, 7: 5}


def test_the_share_of_other_programs_leaves_out_what_the_bench_used() -> None:
    before, after = Moment(0.0, 100.0, 10.0, (0, 0, 0)), Moment(100.0, 300.0, 190.0, (0, 0, 0))
    share = others_share(before, after)
    assert share is not None
    assert share > 0
    assert others_share(before, Moment(100.0, 280.0, 190.0, (0, 0, 0))) == 0


def test_a_browser_sends_twenty_headers_and_none_of_them_twice() -> None:
    every_registration = {"host", "content-type", "content-length"}
    names = {name.lower() for name in HEADERS}
    assert not names & every_registration
    assert len(names | every_registration) == len(HEADERS) + len(every_registration) == 20


def test_a_run_with_one_figure_short_ends_with_1_and_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    kept, short = Line(name="kept", measured=1.0, at_least=0.5), Line(name="too slow", measured=0.4, at_least=0.5)
    assert bench.verdict(bench.Found({"x": [kept]}), judged=True) == 0
    assert bench.verdict(bench.Found({"x": [kept, short]}), judged=True) == 1
    assert "SHORT: too slow" in capsys.readouterr().out
    assert bench.verdict(bench.Found({"x": [kept]}, broken=["y"]), judged=True) == 2
    assert bench.verdict(bench.Found({"x": [short]}), judged=False) == 0


def test_measures_are_named_on_the_command_line_and_an_unknown_one_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(["accepts", "nothing"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "unknown: nothing" in told
    assert "many_events" in told


def test_the_table_says_value_limit_mark_and_spread_and_what_the_machine_was_like(tmp_path: Path) -> None:
    samples = {"accepts/s": [9_000.0, 11_000.0, 10_000.0], "hello/s": [20_000.0, 20_000.0, 20_000.0]}
    lines = [
        ratio("accepts/s ÷ hello/s", "accepts/s", "hello/s", samples, at_least=LIMITS[512]),
        value("the last ticket", [2.5], unit="s"),
    ]
    report.write_markdown(lines, FACTS, tmp_path / "latest.md")
    text = (tmp_path / "latest.md").read_text("utf-8")
    row = "| accepts/s ÷ hello/s | 0.5 | at least 1.15 | SHORT | 0.45 - 0.55 | accepts/s 10,000; hello/s 20,000 |"
    assert row in text.splitlines()
    assert "| the last ticket | 2.5 s |  |  |  |  |" in text.splitlines()
    for fact in (
        "Commit abc1234",
        "2 cores of a processor",
        "0.50, 0.25, 0.10",
        "other programs used 3%",
        "client in C",
    ):
        assert fact in text


def test_the_same_is_written_for_programs(tmp_path: Path) -> None:
    path = tmp_path / "results" / "latest.json"
    report.write_json({"accepts": [Line(name="x", measured=0.4, at_least=0.5, spread=(0.3, 0.5))]}, FACTS, path)
    written = json.loads(path.read_text("utf-8"))
    assert (written["commit"], written["load"], written["others"]) == ("abc1234", [0.5, 0.25, 0.1], 0.03)
    line = {"measure": "accepts", "name": "x", "measured": 0.4, "at_least": 0.5, "at_most": None}
    assert written["lines"] == [{**line, "unit": "", "spread": [0.3, 0.5], "samples": {}, "mark": "SHORT"}]


@pytest.mark.parametrize(
    ("figure", "text"), [(0.5266, "0.527"), (39.12, "39.1"), (1234.5, "1,234"), (0.00042, "0.00042")]
)
def test_a_figure_has_as_many_digits_as_can_be_believed(figure: float, text: str) -> None:
    assert report.text(figure) == text
