"""A cable between two hosts of a chaos run that is delayed, with real packets."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from chaos.__main__ import UNSUPPORTED
from omnify.embedded.programs import ROOT

DELAY_MS = 50


def test_a_round_trip_takes_twice_the_delay_with_the_delayed_peers_alone_and_only_until_the_cable_is_mended() -> None:
    command = [sys.executable, "-m", "tests.support.delayed_cable", str(DELAY_MS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == UNSUPPORTED:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    slow = {phase: {name for name, shortest in found[phase].items() if shortest >= 2 * DELAY_MS} for phase in found}
    assert slow == {"before": set(), "pair": {"near"}, "host": {"near", "far"}, "after": set()}
