"""A trial's lines, its exit code, its deadline, and what it takes down."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.trials.report import BROKEN, HELD, NOT_TRIED, CannotTry, Trial

ROOT = Path(__file__).resolve().parent.parent.parent


def run(steps: Callable[[Trial], object]) -> tuple[Trial, list[str]]:
    out = io.StringIO()
    before = {which: signal.getsignal(which) for which in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT)}
    try:
        with Trial("trial", seconds=60, out=out) as trial:
            steps(trial)
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
    return trial, out.getvalue().splitlines()


def test_a_check_is_a_line_and_one_that_does_not_hold_makes_the_exit_code_1() -> None:
    good, lines = run(lambda trial: trial.check("kept", True, "3 of 3"))
    assert (good.exit_code, lines[0]) == (HELD, "✓ kept: 3 of 3")

    bad, lines = run(lambda trial: (trial.check("kept", []), trial.check("again", True)))
    assert (bad.exit_code, lines[:2]) == (BROKEN, ["✗ kept", "✓ again"])


def test_what_the_machine_lacks_has_an_exit_code_of_its_own() -> None:
    def steps(trial: Trial) -> None:
        raise CannotTry("no root")

    trial, lines = run(steps)
    assert (trial.exit_code, lines[0]) == (NOT_TRIED, "trial: not tried: no root")


def test_what_could_not_be_tried_and_left_something_behind_is_no_success() -> None:
    def steps(trial: Trial) -> None:
        trial.leaves_nothing(lambda: ["a folder"])
        raise CannotTry("no root")

    trial, lines = run(steps)
    assert "✗ nothing is left behind: a folder" in lines
    assert trial.exit_code == BROKEN


def test_an_error_in_a_part_is_a_line_and_the_parts_behind_it_are_tried() -> None:
    def steps(trial: Trial) -> None:
        with trial.part("first"):
            raise ValueError("broken")
        with trial.part("second"):
            trial.check("held", True)

    trial, lines = run(steps)
    assert "✗ first: ValueError: broken" in lines and "✓ held" in lines
    assert trial.exit_code == BROKEN


def test_everything_is_taken_down_last_first_and_what_is_left_is_named() -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("second")
        raise OSError("busy")

    def steps(trial: Trial) -> None:
        trial.afterwards(lambda: done.append("first"))
        trial.afterwards(fails)
        trial.leaves_nothing(lambda: ["a folder"])
        raise RuntimeError("in the middle")

    trial, lines = run(steps)
    assert done == ["second", "first"]
    assert "✗ taking down: OSError: busy" in lines and "✗ nothing is left behind: a folder" in lines
    assert trial.exit_code == BROKEN


@pytest.mark.parametrize(("seconds", "send", "code"), [(0.2, None, 1), (60, signal.SIGTERM, 130)])
def test_a_trial_that_hangs_or_is_ended_takes_down_what_it_put_up(
    seconds: float, send: signal.Signals | None, code: int
) -> None:
    program = f"""
import sys, time
from deploy.trials.report import Trial
with Trial("trial", seconds={seconds}) as trial:
    trial.afterwards(lambda: trial.say("taken down"))
    trial.say("begun")
    time.sleep(60)
sys.exit(trial.exit_code)
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        if send is not None:
            os.kill(process.pid, send)
        assert "taken down" in process.stdout.read()
    assert process.returncode == code
