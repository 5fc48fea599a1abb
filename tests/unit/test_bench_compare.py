"""`python -m bench compare`: what fell between two results is marked, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import compare
from bench.measures import measures


def line(
    measure: str, name: str, measured: float, *, at_least: float | None = 0.5, at_most: float | None = None
) -> Any:
    return {"measure": measure, "name": name, "measured": measured, "at_least": at_least, "at_most": at_most}


def result(*lines: Any, **facts: Any) -> dict[str, Any]:
    return {"machine": {"cores": 2, "fsync_us": 200}, "client": "C", "options": {"seconds": 2}, **facts, "lines": lines}


def marks(before: Any, after: Any) -> dict[str, str]:
    return {one.name: one.mark for one in compare.differences(before, after)}


def test_the_door_keeps_95_percent_and_the_drain_85() -> None:
    before = result(*(line(measure, measure, 1.0) for measure in ("accepts", "browser", "polls", "drain", "terminal")))
    kept = {"accepts": 0.95, "browser": 0.951, "polls": 1.2, "drain": 0.85, "terminal": 0.86}
    fell = {"accepts": 0.949, "browser": 0.9, "polls": 0.5, "drain": 0.849, "terminal": 0.1}
    assert set(marks(before, result(*(line(name, name, value) for name, value in kept.items()))).values()) == {"ok"}
    assert set(marks(before, result(*(line(name, name, value) for name, value in fell.items()))).values()) == {"FELL"}


def test_where_less_is_better_more_is_a_fall() -> None:
    def one(measured: float) -> Any:
        return line("polls", "wait", measured, at_least=None, at_most=3)

    assert marks(result(one(2.0)), result(one(2.0 / 0.95))) == {"wait": "ok"}
    assert marks(result(one(2.0)), result(one(2.2))) == {"wait": "FELL"}
    assert compare.differences(result(one(2.0)), result(one(1.0)))[0].kept == 2.0


def test_figures_of_other_measures_and_figures_without_a_limit_are_shown_and_not_judged() -> None:
    before = result(line("webhooks", "deliveries", 1.0), line("accepts", "µs", 30.0, at_least=None))
    after = result(line("webhooks", "deliveries", 0.1), line("accepts", "µs", 300.0, at_least=None))
    assert marks(before, after) == {"deliveries": "", "µs": ""}


def test_a_judged_figure_that_is_gone_is_missing() -> None:
    assert marks(result(line("accepts", "a", 1.0), line("webhooks", "w", 1.0)), result()) == {"a": "MISSING", "w": ""}


def test_the_judged_measures_exist() -> None:
    assert set(compare.SHARES) <= set(measures())


def write(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def test_it_reads_the_json_beside_the_table_and_ends_with_1_if_something_fell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.json", result(line("accepts", "accepts ÷ hello", 1.0)))
    write(tmp_path / "b.json", result(line("accepts", "accepts ÷ hello", 0.9)))
    write(tmp_path / "c.json", result(line("accepts", "accepts ÷ hello", 0.99)))
    assert compare.main([str(tmp_path / "a.md"), str(tmp_path / "b.md")]) == 1
    told = capsys.readouterr().out
    assert "FELL" in told
    assert "fell: accepts ÷ hello" in told
    assert "differ" not in told
    assert compare.main([str(tmp_path / "a.md"), str(tmp_path / "c.json")]) == 0
    assert "nothing fell" in capsys.readouterr().out


def test_it_says_when_the_two_were_measured_in_different_ways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write(tmp_path / "a.json", result(line("accepts", "a", 1.0)))
    other = write(tmp_path / "b.json", result(line("accepts", "a", 1.0), machine={"cores": 8, "fsync_us": 100}))
    same = write(tmp_path / "c.json", result(line("accepts", "a", 1.0), machine={"cores": 2, "fsync_us": 300}))
    compare.main([before, other])
    assert "differ in their machine" in capsys.readouterr().out
    compare.main([before, same])
    assert "differ" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lines": []}'])
def test_what_is_no_result_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path / "a.json", result(line("accepts", "a", 1.0)))
    bad = tmp_path / "b.json"
    bad.write_text(text, "utf-8")
    assert compare.main([good, str(bad)]) == 2
    assert compare.main([good, str(tmp_path / "none.md")]) == 2
    assert compare.main([good]) == 2
    assert "b.json" in capsys.readouterr().err
