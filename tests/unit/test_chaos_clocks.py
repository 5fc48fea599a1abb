"""A program that is started with a clock of its own reads another time of day, and the same monotonic clock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaos.clocks import Clocks

_READ = "import time; time.sleep(0.01); print(time.time(), time.monotonic())"
# More than a program takes to start, and less than a clock is set by.
TOLERANCE_SECONDS = 1000.0


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    made = Clocks(tmp_path / "clocks")
    if not made.can_jump:
        pytest.skip("there is no C compiler")
    return made


def _read(clocks: Clocks) -> tuple[float, float]:
    """How far ahead the two clocks of a program are."""
    env = {**os.environ, **clocks.environment("node")}
    done = subprocess.run([sys.executable, "-c", _READ], env=env, capture_output=True, text=True, check=True)
    told, monotonic = map(float, done.stdout.split())
    return told - time.time(), monotonic - time.monotonic()


@pytest.mark.parametrize("seconds", [0, 5000, -5000])
def test_only_the_time_of_day_jumps(clocks: Clocks, seconds: int) -> None:
    clocks.set("node", seconds)
    ahead, monotonic = _read(clocks)
    assert abs(ahead - seconds) < TOLERANCE_SECONDS
    assert abs(monotonic) < TOLERANCE_SECONDS


def test_a_program_that_runs_sees_its_clock_jump(clocks: Clocks) -> None:
    command = [sys.executable, "-uc", "import time\nwhile input(): print(time.time())"]
    env = {**os.environ, **clocks.environment("node")}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None and program.stdout is not None
        told = []
        for seconds in (0, 5000):
            clocks.set("node", seconds)
            program.stdin.write("now\n")
            program.stdin.flush()
            told.append(float(program.stdout.readline()))
        program.stdin.write("\n")
    assert abs(told[1] - told[0] - 5000) < TOLERANCE_SECONDS
