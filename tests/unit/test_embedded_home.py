"""`$OMNIFY_HOME`: one owner at a time, secrets that stay, logs that end somewhere."""

from __future__ import annotations

import multiprocessing
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from omnify.embedded import home as module
from omnify.embedded.home import Home, open_home, write_private
from omnify.embedded.ports import LOOPBACK
from omnify.embedded.process import CannotStart


@pytest.fixture
def opened(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def _in_another_process(action: Callable[[], None]) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=action)
    process.start()
    process.join(100)
    return process.exitcode


def test_a_second_owner_is_refused_and_told_who_the_first_is(opened: Home) -> None:
    with pytest.raises(CannotStart) as caught:
        open_home(opened.path)
    assert str(caught.value) == f"Omnify is running already from {opened.path} (process {os.getpid()})"


def test_the_token_itself_is_said_once_and_to_a_person_alone(opened: Home) -> None:
    before = opened.token()
    write_private(opened.token_file, "omn_secret\n")
    assert (before, opened.token()) == ("", "omn_secret")
    assert opened.token_line(before=before, terminal=True) == (
        f"organizer token: omn_secret (kept in {opened.token_file})"
    )
    kept = f"organizer token: (kept in {opened.token_file})"
    assert opened.token_line(before=before, terminal=False) == kept
    assert opened.token_line(before="omn_secret", terminal=True) == kept


def test_secrets_ports_and_key_stay_over_a_restart(opened: Home) -> None:
    assert opened.secrets() == opened.secrets()
    assert stat.S_IMODE((opened.path / "embedded.json").stat().st_mode) == 0o600


def test_a_kept_port_that_is_taken_is_given_up_and_nothing_else_changes(opened: Home) -> None:
    before = opened.secrets()
    with socket.socket() as stranger:
        stranger.bind((LOOPBACK, before.valkey_port))
        stranger.listen()
        after = opened.secrets()
    assert after.valkey_port != before.valkey_port
    assert (after.valkey_password, after.postgres_port) == (before.valkey_password, before.postgres_port)
    assert opened.secrets() == after


def test_secrets_that_cannot_be_read_stop_the_start_instead_of_being_replaced(opened: Home) -> None:
    (opened.path / "embedded.json").write_text('{"secret_key": "half', "utf-8")
    with pytest.raises(CannotStart, match="cannot be read"):
        opened.secrets()


def test_a_private_file_is_private_even_when_an_open_one_was_there(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old", "utf-8")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text("utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_a_log_that_grew_too_long_is_moved_while_its_writer_goes_on(opened: Home) -> None:
    log = opened.log("web")
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 101)
        opened.trim_logs(limit=100)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert log.with_suffix(".log.1").read_bytes() == b"x" * 101


def test_a_short_log_is_left_alone(opened: Home) -> None:
    opened.log("web").write_bytes(b"x" * 100)
    opened.trim_logs(limit=100)
    assert opened.log("web").read_bytes() == b"x" * 100


def test_metrics_start_from_nothing(opened: Home) -> None:
    opened.metrics.mkdir()
    (opened.metrics / "counter_1.db").write_bytes(b"old")
    opened.empty_metrics()
    assert list(opened.metrics.iterdir()) == []


def test_a_start_waits_for_the_children_of_a_killed_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LEFTOVERS_SECONDS", 0.3)
    home = open_home(tmp_path / "home")
    (home.path / "lock").unlink()  # as if the supervisor were gone, and a child still held the other lock
    told: list[str] = []

    def start_again() -> None:
        with pytest.raises(CannotStart, match="still running"):
            open_home(home.path, waiting=lambda: told.append("waiting"))
        assert told == ["waiting"]

    assert _in_another_process(start_again) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_root_lets_the_server_s_user_pass_through_a_new_home_and_leaves_a_used_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir(mode=0o700)
    assert stat.S_IMODE(open_home(tmp_path / "new").path.stat().st_mode) == 0o711
    (tmp_path / "used").mkdir(mode=0o700)
    (tmp_path / "used" / "diary").touch()
    assert stat.S_IMODE(open_home(tmp_path / "used").path.stat().st_mode) == 0o700
