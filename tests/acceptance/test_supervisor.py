"""`make run` from outside: it comes up, heals itself, leaves no trace, and says in one line why it cannot start."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnify.embedded.programs import ROOT
from tests.support.service.http_client import Answer
from tests.support.service.supervised import START_SECONDS, SUPERVISOR, Supervised, alive, kill
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance
HEAL_SECONDS = 120.0
GONE_SECONDS = 60.0


@pytest.fixture(scope="module")
def running() -> Iterator[Supervised]:
    """One running copy for the tests that leave it running."""
    with Supervised(WEB_WORKERS="2") as copy:
        yield copy.start_ready()


def stops_by_itself(service: Supervised, number: signal.Signals) -> None:
    """Asked to, with nothing left behind and nothing to complain of."""
    family = service.all_processes()
    assert service.stop(number) == 0
    assert not alive(family)
    assert "killing it" not in service.output()
    assert service.errors() == ""
    postgres = service.home / "log" / "postgres.log"
    assert not postgres.exists() or "database system is shut down" in postgres.read_text("utf-8")


def launch(service: Supervised) -> Answer:
    """Makes an event, with the token that the service keeps."""
    body = {
        "name": "Launch",
        "location": "Hall 1",
        "max_capacity": 2,
        "start_time": "2999-01-01T10:00:00Z",
        "end_time": "2999-01-01T12:00:00Z",
    }
    return service.address.post("/events", body, {"Authorization": f"Bearer {service.token()}"})


def test_it_is_ready_when_it_says_so_and_the_token_it_keeps_creates_events(running: Supervised) -> None:
    assert running.ready()
    assert f"ready on http://127.0.0.1:{running.port}" in running.output()
    assert f"organizer token: (kept in {running.home}/organizer-token)" in running.output()
    assert running.token() not in running.output()
    assert launch(running).status == 201


def test_no_other_user_can_read_its_secrets(running: Supervised) -> None:
    for name in ("organizer-token", "service.env", "embedded.json"):
        assert stat.S_IMODE((running.home / name).stat().st_mode) == 0o600, name
    for name in ("valkey", "postgres", "log"):
        assert stat.S_IMODE((running.home / name).stat().st_mode) == 0o700, name


def test_passwords_do_not_stand_in_a_command_line(running: Supervised) -> None:
    listing = subprocess.run(["ps", "-ww", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    lines = (running.home / "service.env").read_text("utf-8").splitlines()
    passwords = [line.split("@")[0].rpartition(":")[2] for line in lines if "@" in line]
    assert len(passwords) == 3
    assert not [password for password in passwords if password in listing]


def test_manage_py_reaches_the_running_service(running: Supervised) -> None:
    command = [sys.executable, "manage.py", "migrate", "--check", "--skip-checks"]
    done = subprocess.run(command, cwd=ROOT, env=running.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.soak(only=True)
def test_a_rehearsal_finds_the_running_service_by_its_home(running: Supervised) -> None:
    env = {name: value for name, value in running.env.items() if name != "PORT"}
    command = [sys.executable, "manage.py", "rehearse", "--people", "20", "--seats", "5", "--connections", "4"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"http://127.0.0.1:{running.port}" in done.stdout


def test_a_second_start_from_the_same_home_says_in_one_line_that_it_is_running(running: Supervised) -> None:
    with Supervised() as second:
        second.env["OMNIFY_HOME"] = str(running.home)
        code = second.start().ended()
        assert code == 1
        pid = running.supervisor_pid()
        assert second.errors() == f"omnify: Omnify is running already from {running.home} (process {pid})\n"
    assert running.ready()


@pytest.mark.parametrize("name", ["web", "drain-1", "valkey", "postgres"])
def test_a_killed_child_is_started_again(running: Supervised, name: str) -> None:
    before = running.children()[name]
    kill(before)

    def healed() -> bool:
        return running.children().get(name, before) != before and running.ready()

    wait_until(healed, f"there is another {name}, and the service is ready", seconds=HEAL_SECONDS)
    assert f"{name} ended (killed by SIGKILL)" in running.output()


def test_ctrl_c_stops_it_before_it_is_ready() -> None:
    with Supervised() as service:
        service.start()
        wait_until((service.home / "valkey").exists, "the first server is made")
        assert service.stop(signal.SIGINT) == 0
        assert service.errors() == ""


def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as holder, Supervised() as service:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        service.env["PORT"] = str(port)
        assert service.start().ended() == 1
        assert service.errors() == f"omnify: port {port} is taken: set PORT to another one\n"


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with Supervised() as service:
        service.env["OMNIFY_HOME"] = str(tmp_path / "file" / "home")
        assert service.start().ended() == 1
        assert service.errors() == f"omnify: OMNIFY_HOME {tmp_path}/file/home cannot be used: Not a directory\n"


def test_a_bad_variable_is_one_line() -> None:
    with Supervised(EVENT_QUEUE_LIMIT="many") as service:
        assert service.start().ended() == 1
        assert service.errors() == "omnify: EVENT_QUEUE_LIMIT: 'many' is not a whole number from 1 to 100000000\n"
        assert not (service.home / "valkey").exists()


def test_a_database_of_ones_own_that_is_away_is_one_line() -> None:
    with Supervised(DATABASE_URL="postgres://me:secret@127.0.0.1:1/mine") as service:
        assert service.start().ended() == 1
        assert service.errors().startswith("omnify: the database cannot be used: ")
        assert service.errors().count("\n") == 1
        assert "secret" not in service.errors()
        assert not (service.home / "postgres").exists()


@pytest.mark.soak(only=True)
def test_sqlite_and_a_redis_of_ones_own_take_the_place_of_the_embedded_servers_until_its_make_is_killed(
    running: Supervised,
) -> None:
    redis_url = next(
        line.removeprefix("REDIS_URL=")
        for line in (running.home / "service.env").read_text("utf-8").splitlines()
        if line.startswith("REDIS_URL=")
    )
    with Supervised(REDIS_URL=redis_url.replace("/0", "/7")) as own:
        own.env["DATABASE_URL"] = f"sqlite:///{own.home / 'tiny.sqlite3'}"
        own.start(("/bin/sh", "-c", f'"{SUPERVISOR[0]}" -m omnify.embedded --parent $$; true'))
        wait_until(lambda: "organizer token" in own.output(), "the service is ready", seconds=START_SECONDS)
        assert own.children().keys() == {"web", "drain-1", "drain-2"}
        assert (own.home / "tiny.sqlite3").exists()
        # Another copy beside it disturbs neither.
        assert (own.ready(), running.ready()) == (True, True)
        assert own.token() != running.token()
        family = own.all_processes()
        assert own.process
        kill(own.process.pid)
        wait_until(lambda: not alive(family), "its processes are gone", seconds=GONE_SECONDS)
        assert "omnify: stopping" in own.output()
    assert running.ready()


def test_after_a_killed_supervisor_no_process_is_left_and_the_next_goes_on_until_sigterm(running: Supervised) -> None:
    """The last one that uses it."""
    token, env = running.token(), (running.home / "service.env").read_text("utf-8")
    event = launch(running).data["id"]
    family = running.all_processes()
    assert len(family) > 8
    kill(running.supervisor_pid())
    wait_until(lambda: not alive(family), "its processes are gone", seconds=GONE_SECONDS)

    running.start_ready()
    assert running.token() == token
    assert (running.home / "service.env").read_text("utf-8") == env
    assert running.address.ask("GET", f"/events/{event}").status == 200
    stops_by_itself(running, signal.SIGTERM)
