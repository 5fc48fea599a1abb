"""What the nemesis does on a machine that keeps it from its work."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chaos import nemesis
from chaos.faults import REST, SHORTEST, Fault
from chaos.history import Writer

STALL_SECONDS = 30.0


class _Strikes:
    """Writes down what is done, and takes half a minute for the first."""

    def __init__(self, clock: list[float]) -> None:
        self._clock = clock
        self.down: set[str] = set()
        self.done: list[str] = []

    def strike(self, fault: Fault) -> None:
        self.done.append(f"strikes {fault.target}")
        self._clock[0] += STALL_SECONDS if len(self.done) == 1 else 0

    def heal(self, fault: Fault) -> None:
        self.done.append(f"heals {fault.target}")

    def watch(self, fault: Fault) -> None:
        pass


def test_a_fault_that_is_late_waits_until_the_one_before_it_has_healed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    strikes = _Strikes(clock)

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(nemesis, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    monkeypatch.setattr(nemesis, "Strikes", lambda *_: strikes)
    hosts: Any = SimpleNamespace(layout=SimpleNamespace(nodes=(), hosts=()))
    second = 1.0 + SHORTEST + REST
    faults = [
        Fault(0.5, 9.0, "freeze", "another host"),
        Fault(1.0, 1.0 + SHORTEST, "kill", "primary"),
        Fault(second, second + SHORTEST, "kill", "its replica"),
    ]
    with Writer(tmp_path / "faults.jsonl") as writer:
        nemesis.Nemesis(hosts, tmp_path, writer, lambda _: None).run(faults, seconds=10.0)
    order = ["strikes primary", "heals primary", "strikes its replica", "heals its replica"]
    assert strikes.done == ["strikes another host", *order, "heals another host"]
