"""How many processes serve by default: as the cores allow that a container leaves to them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omnify.common.cores import default_web_workers, usable_cores

ALLOWED = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("cores", "workers"), [(1, 2), (2, 2), (4, 2), (6, 3), (16, 8), (64, 8)])
def test_one_process_for_two_cores_between_two_and_eight(cores: int, workers: int) -> None:
    assert default_web_workers(cores) == workers


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000", ALLOWED),
        ("50000 100000", 1),
        ("100000 100000", 1),
        ("99999999999 100000", ALLOWED),
        ("", ALLOWED),
    ],
)
def test_a_quota_counts_where_it_is_less_than_the_cores(tmp_path: Path, quota: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(quota + "\n", "ascii")
    assert usable_cores(tmp_path / "cpu.max") == cores


def test_without_control_groups_the_cores_count_that_the_process_may_run_on(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "absent") == ALLOWED
