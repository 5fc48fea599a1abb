"""Faults across hosts: a short run each time, long ones and builds that are broken on purpose in a soak."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chaos.__main__ import UNSUPPORTED
from chaos.broken import BUILDS
from omnify.embedded.programs import ROOT
from tests.support.bare_environment import bare_environment
from tests.support.soak import SOAK

pytestmark = [pytest.mark.acceptance, pytest.mark.promise, pytest.mark.timeout(900)]


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "chaos", *arguments]
    done = subprocess.run(command, env=bare_environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == UNSUPPORTED:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.soak(only=True)
def test_no_promise_is_broken_by_faults_across_three_hosts() -> None:
    long = ("--minutes", "5", "--seed", "21")
    printed = _run(*(long if SOAK else ("--minutes", "0.17", "--seed", "804", "--pause", "0.7", "--haste", "4")))
    assert "verdict: 0 lost; every promise was kept" in printed
    assert "tickets: 0 with a 202" not in printed


@pytest.mark.soak(only=True)  # a minute each, and nothing of theirs changes with most changes of the service
@pytest.mark.parametrize("name", sorted(BUILDS))
def test_a_build_that_breaks_a_promise_is_found(name: str) -> None:
    assert "BROKEN" in _run("--broken", name)
