"""`python -m omnify.run_worker`: what it tells Celery, and what it refuses."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from omnify import run_worker


class Recorded:
    """In place of Celery's worker."""

    exitcode = 7

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.arguments = list(sys.argv)
        self.started = False
        made.append(self)

    def start(self) -> None:
        self.started = True


made: list[Recorded] = []


@pytest.fixture(autouse=True)
def recorder(monkeypatch: pytest.MonkeyPatch) -> None:
    made.clear()
    monkeypatch.setattr(run_worker.app, "Worker", Recorded)
    monkeypatch.setattr(sys, "argv", ["/usr/lib/omnify/run_worker.py", "--name", "drain-1"])


def test_a_worker_is_one_process_that_talks_to_no_other_one() -> None:
    assert run_worker.main(["--name", "drain-1", "--exclude-queues", "webhooks,mail"]) == Recorded.exitcode
    settings = made[0].settings
    assert made[0].started
    assert settings["hostname"].startswith("drain-1@")
    assert (settings["pool_cls"], settings["queues"], settings["exclude_queues"]) == (
        "solo",
        None,
        ["webhooks", "mail"],
    )
    assert settings["without_gossip"] and settings["without_mingle"] and settings["without_heartbeat"]


def test_it_takes_some_queues_or_all() -> None:
    run_worker.main(["--queues", "registrations.1,webhooks"])
    run_worker.main([])
    assert [worker.settings["queues"] for worker in made] == [["registrations.1", "webhooks"], None]


def test_started_again_on_sighup_it_is_still_a_module_of_the_package() -> None:
    run_worker.main(["--name", "drain-1"])
    assert made[0].arguments == ["-m", "omnify.run_worker", "--name", "drain-1"]


def test_a_queue_that_there_is_not_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        run_worker.main(["--queues", "registrations.99"])
    assert ending.value.code == 2
    assert not made
    assert "registrations.99: there are registrations.0, " in capsys.readouterr().err
