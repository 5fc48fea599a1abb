"""What a worker does when it starts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from omnify.celery import app
from worker import tasks


def test_a_worker_whose_threads_cannot_start_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("anything")

    monkeypatch.setattr(tasks, "check_database", fail)
    with pytest.raises(SystemExit) as ending:
        tasks.start_threads(sender=SimpleNamespace(app=app))
    assert ending.value.code == 1
