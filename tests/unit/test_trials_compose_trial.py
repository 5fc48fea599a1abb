"""`deploy/compose-trial`, as far as it needs no engine: what it copies and writes, and its refusal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from deploy.trials.compose_trial import faults
from deploy.trials.compose_trial.deployment import copy_project, env_line, is_well
from deploy.trials.compose_trial.engine import Engine, Failed, run
from deploy.trials.compose_trial.full_volume import are_clear
from deploy.trials.compose_trial.outside import Inbox
from deploy.trials.report import BROKEN, HELD, NOT_TRIED, Trial, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_copy_has_what_the_image_is_made_of_and_the_line_for_its_secrets(tmp_path: Path) -> None:
    copy_project(tmp_path)

    assert (tmp_path / "Dockerfile").read_bytes() == (ROOT / "Dockerfile").read_bytes()
    assert os.access(tmp_path / "deploy/compose/update", os.X_OK)
    assert (tmp_path / "docker-compose.yml").read_bytes() == (ROOT / "docker-compose.yml").read_bytes()
    assert all((tmp_path / name).exists() for name in ("manage.py", "requirements.lock", "omnify/asgi.py", "worker"))
    assert not (tmp_path / "tests").exists()
    assert not (tmp_path / ".env").exists()
    line = env_line((tmp_path / "deploy" / ".env.example").read_text("utf-8"))
    assert line.startswith("(umask 077; set -C;") and line.endswith("> .env)")


def test_what_a_killed_trial_leaves_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "omnify-compose-trial-x"
    (folder / "data").mkdir(parents=True)
    program = (
        "import pathlib, signal\n"
        "from deploy.trials.compose_trial.janitor import Janitor\n"
        f"Janitor(pathlib.Path({str(folder)!r}), 'omnify-trial-none')\n"
        "print('there', flush=True)\nsignal.pause()"
    )
    trial = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    assert trial.stdout is not None
    with trial, trial.stdout:
        assert trial.stdout.readline() == b"there\n"
        assert folder.exists()
        trial.kill()
        assert wait_until(lambda: not folder.exists(), seconds=60, pause=0.05)


def test_what_an_engine_leaves_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "omnify-compose-trial-y"
    engine = Engine(folder)
    assert engine.leftovers() == []
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()", str(folder)], stdin=subprocess.PIPE) as process:
        assert wait_until(lambda: engine.leftovers() == [str(folder), f"process {process.pid}"], seconds=60, pause=0.05)
        process.kill()


@pytest.mark.parametrize(
    ("came", "wanted", "held", "code"),
    [
        (["one", "one", "two"], {"one", "two"}, {"one"}, HELD),
        (["one", "one"], {"one", "two"}, {"one"}, BROKEN),  # none about the second
        (["one", "two"], {"one", "two"}, {"one"}, BROKEN),  # on its way at the kill, and never again
        (["one", "two"], {"one", "two"}, set(), BROKEN),  # none was on its way
        ([], set(), set(), BROKEN),  # nothing was to be sent
    ],
)
def test_messages_hold_if_each_came_and_what_was_on_its_way_came_again(
    monkeypatch: pytest.MonkeyPatch, came: list[str], wanted: set[str], held: set[str], code: int
) -> None:
    monkeypatch.setattr(faults, "SENT_SECONDS", 0)
    inbox = Inbox()
    for name in came:
        inbox.came(name, name)
    trial = Trial("trial", seconds=60, out=StringIO())

    faults.all_sent(trial, "mail", inbox, wanted, held)

    assert trial.exit_code == code


def test_what_was_on_its_way_is_waited_for() -> None:
    inbox = Inbox()
    inbox.came("one", "one")
    trial = Trial("trial", seconds=60, out=StringIO())
    again = threading.Timer(0.2, inbox.came, ["one", "one"])
    again.start()

    faults.all_sent(trial, "mail", inbox, {"one"}, {"one"})

    assert trial.exit_code == HELD
    again.join()


@pytest.mark.parametrize(
    ("store", "answers", "clear"),
    [
        ("valkey", {"202", "503 unavailable"}, True),
        ("postgres", {"202"}, True),
        ("valkey", {"202"}, False),  # it has no room, so it cannot have taken all
        ("valkey", {"503 unavailable", "500 internal_error"}, False),
        ("postgres", {"202", "0"}, False),  # no answer
    ],
)
def test_with_a_full_volume_nothing_but_202_and_503_is_clear(store: str, answers: set[str], clear: bool) -> None:
    assert are_clear(store, answers) is clear


NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
BEFORE = {"Start": "2026-11-27T11:59:59.999999999Z", "ExitCode": 0}


@pytest.mark.parametrize(
    ("checks", "since", "well"),
    [
        ([BEFORE], None, True),
        ([BEFORE], NOON, False),  # healthy by what it was before
        ([BEFORE, {"Start": "2026-11-27T12:00:01.000000001Z", "ExitCode": 1}], NOON, False),  # the first that fails
        ([BEFORE, {"Start": "2026-11-27T13:00:01.000000001+01:00", "ExitCode": 0}], NOON, True),
    ],
)
def test_after_a_cut_only_checks_that_began_since_then_count(
    checks: list[dict[str, object]], since: datetime | None, well: bool
) -> None:
    assert is_well({"Running": True, "Health": {"Status": "healthy", "Log": checks}}, since) is well
    assert not is_well({"Running": False, "Health": {"Status": "healthy", "Log": checks}}, since)
    assert is_well({"Running": True}, since)  # it has no check


def test_a_command_that_fails_says_with_which_code() -> None:
    with pytest.raises(Failed, match="no such thing") as problem:
        run("sh", "-c", "echo no such thing >&2; exit 77")
    assert problem.value.code == NOT_TRIED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_root_it_says_so_and_ends_with_a_code_of_its_own() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os\nfrom deploy.trials.compose_trial.__main__ import main\nos.setuid(65534)\nprint(main([]))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[0] == "compose-trial: not tried: root is needed for an engine of its own"
    assert done.stdout.splitlines()[-1] == str(NOT_TRIED)
