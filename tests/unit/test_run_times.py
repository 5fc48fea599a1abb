"""What a run says of its slowest tests."""

from __future__ import annotations

from collections import Counter

from tests.support.run_times import SLOWEST, summary

SECONDS = {
    "tests/acceptance/test_a.py::test_first": 30.0,
    "tests/acceptance/test_a.py::test_second": 10.0,
    "tests/integration/test_b.py::test_third": 4.0,
    "tests/integration/test_b.py::test_third on SQLite": 5.0,
    **{f"tests/unit/test_c.py::test_{number}": 0.01 for number in range(30)},
}


def test_the_slowest_come_first_and_no_more_than_fit() -> None:
    lines = summary(SECONDS, Counter())
    shown = lines[1 : SLOWEST + 1]
    assert lines[0] == "slowest 15 of 34 tests, set-up and tear-down included:"
    assert [line.split()[0] for line in shown[:4]] == ["30.0", "10.0", "5.0", "4.0"]
    assert shown[2].endswith("test_b.py::test_third on SQLite")
    assert lines[SLOWEST + 1] == "by file:"


def test_files_and_levels_add_up_each_database_for_itself() -> None:
    lines = summary(SECONDS, Counter({"whole services": 2}))
    assert "    40.0 s  tests/acceptance/test_a.py" in lines
    assert "     5.0 s  tests/integration/test_b.py on SQLite" in lines
    assert "     0.3 s  1 others" in lines
    assert lines[-3:] == [
        "by level: tests/acceptance 40 s, tests/integration on SQLite 5 s, tests/integration 4 s, tests/unit 0 s",
        "starts: 2 whole services",
        "all tests one after the other: 49 s",
    ]
