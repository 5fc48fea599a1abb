"""`make bench`: its measures still run. What they measure in so short a time says nothing, and is not looked at.

Only the soak runs them, which `.ci/run` makes each time: the service depends on none of it.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from bench.measures import measures
from omnify.embedded.programs import ROOT
from tests.support.bare_environment import bare_environment

pytestmark = [pytest.mark.acceptance, pytest.mark.soak(only=True), pytest.mark.timeout(900)]


def test_every_measure_of_the_bench_runs_to_its_end_and_prints_its_figures(tmp_path: Path) -> None:
    written = tmp_path / "figures.json"
    names = tuple(measures())
    command = [sys.executable, "-m", "bench", *names, "--tiny", "--json", str(written)]
    done = subprocess.run(command, env=bare_environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = json.loads(written.read_text("utf-8"))["lines"]
    assert {line["measure"] for line in lines} == set(names)
    for line in lines:
        assert line["name"] in done.stdout
        figures = [line["measured"], *(figure for sample in line["samples"].values() for figure in sample)]
        # The kernel counts processor time in hundredths of a second: so little work may take none.
        least = 0.0 if "processor time" in line["name"] else math.ulp(0.0)
        assert all(math.isfinite(figure) and figure >= least for figure in figures), line
