"""A whole service for acceptance tests, the faults that happen to it, and what can be seen of it from outside."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg2

from omnify.embedded.home import Home
from omnify.embedded.ports import LOOPBACK, free_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.programs import ROOT, Programs
from tests.support.run_times import count_start
from tests.support.service.http_client import Address
from tests.support.service.parts import AOF, MAILER, PARTS, STOP_SECONDS, WORKERS, Parts, answers
from tests.support.waiting import wait_until
from worker.failpoints import Failpoint


class Service(Parts):
    """`parts.py` starts and ends it; this does to it what happens on bad days, and looks."""

    def __init__(self, parts: Sequence[str] = PARTS, **settings: str) -> None:
        super().__init__(parts, **settings)
        self._token = ""
        self._made: list[str] = []

    # Faults

    def kill(self, *names: str) -> None:
        """SIGKILL, to all of them before any is waited for."""
        for name in names:
            self.children[name].process.kill()
        for name in names:
            self.children[name].process.wait()

    def kill_a_door(self) -> int:
        """SIGKILL to one of gunicorn's processes, once it has both: it starts them some time after itself. The pid."""
        wait_until(lambda: len(self.doors()) == 2, "gunicorn has both doors")
        pid = self.doors()[0]
        os.kill(pid, signal.SIGKILL)
        return pid

    def doors(self) -> list[int]:
        """The pids of gunicorn's processes, without their parent's."""
        parent = self.children["web"].pid
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()]

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """A part that hangs: it takes connections and answers none."""
        self.children[name].process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.children[name].process.send_signal(signal.SIGCONT)

    def admission_is_held(self) -> bool:
        """Whether a call that admits waits for the end of a pause of Valkey's."""
        clients: Any = self.redis.client_list()
        return any(client["cmd"] == "evalsha" and "b" in client["flags"] for client in clients)

    def set_trap(self, failpoint: Failpoint) -> None:
        """The next worker that comes to `failpoint` stops there until it is killed or continued."""
        (self.home / "faults" / failpoint).touch()

    def trapped(self, failpoint: Failpoint, *, unless: Callable[[], bool] = lambda: False) -> str:
        """Waits for a worker to stop at `failpoint`, and returns its name; none if `unless` becomes true before."""
        reached = self.home / "faults" / f"{failpoint}.reached"
        wait_until(lambda: reached.exists() or unless(), f"a worker comes to {failpoint}")
        if not reached.exists():
            return ""
        wait_until(lambda: bool(self._stopped_workers()), "it stops there")
        reached.unlink()
        return self._stopped_workers()[0]

    def release(self, drain: str) -> None:
        """Lets a trapped drain go on."""
        self.children[drain].process.send_signal(signal.SIGCONT)

    def _stopped_workers(self) -> list[str]:
        return [name for name in (*WORKERS, MAILER) if self.running(name) and _state(self.children[name].pid) == "T"]

    def save_valkey(self) -> None:
        """Puts a copy of what Valkey has on disk aside. Every answer it gave is in it."""
        shutil.rmtree(self.home / "saved", ignore_errors=True)
        shutil.copytree(self.valkey.directory / AOF, self.home / "saved")

    def rewind_valkey(self) -> None:
        """Starts a killed Valkey with the copy, as after a failover to a replica that was behind."""
        shutil.rmtree(self.valkey.directory / AOF)
        shutil.copytree(self.home / "saved", self.valkey.directory / AOF)
        self.start_part("valkey")

    @contextlib.contextmanager
    def few_connections(self, most: int) -> Iterator[None]:
        """PostgreSQL with `max_connections` so low; the roles' shares are of that."""
        usual = self._postgres
        try:
            self._restart_postgres(dataclasses.replace(usual, max_connections=most))
            yield
        finally:
            self._restart_postgres(usual)

    def _restart_postgres(self, postgres: Postgres) -> None:
        self.stop_part("postgres")
        self._postgres = postgres
        self.heal()

    # Other processes

    @contextlib.contextmanager
    def another_door(self, **settings: str) -> Iterator[Address]:
        """A second gunicorn on the same stores, of one process, with settings of its own."""
        address = Address(LOOPBACK, free_port())
        env = {**self._environment(), "WEB_WORKERS": "1", **settings, "OMNIFY_BIND": f"{address.host}:{address.port}"}
        count_start("other doors")
        child = Programs(Home(self.home, self._lock), env).web()
        try:
            wait_until(lambda: not child.running or answers(address), "the other door answers")
            yield address
        finally:
            child.stop(STOP_SECONDS)

    @contextlib.contextmanager
    def mailing(self, email_url: str) -> Iterator[Callable[[], None]]:
        """A process that sends mail, which the others write none of. What it yields starts it, again too."""
        sender = {"MAIL_FROM": "Tickets <tickets@example.org>", "PUBLIC_URL": "https://tickets.example.org"}
        env = {**self._environment(), **sender, "EMAIL_URL": email_url, "OMNIFY_HASTE": "10"}

        def start() -> None:
            count_start("mailers")
            self.children[MAILER] = Programs(Home(self.home, self._lock), env).mailer(MAILER)

        try:
            yield start
        finally:
            if MAILER in self.children:
                self.children.pop(MAILER).stop(STOP_SECONDS)

    def manage(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """`manage.py` as an operator calls it beside the service; `given` is its standard input."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 600, "check": False}
        return subprocess.run(command, env=self._environment(), cwd=ROOT, input=given, **options)

    @contextlib.contextmanager
    def rehearsal(self, *options: str) -> Iterator[None]:
        """A rehearsal that goes on meanwhile, until its end or this one's; what it proves is not looked at."""
        url = f"http://{self.address.host}:{self.address.port}"
        command = [sys.executable, str(ROOT / "manage.py"), "rehearse", "--url", url, *options]
        quiet = subprocess.DEVNULL
        environment = {**self._environment(), "OMNIFY_TOKEN": self.token()}
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=quiet, stderr=quiet)
        try:
            yield
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    # Looking

    def token(self) -> str:
        """The token of the organizer that tests act as: the first one, but within `another_organizer`."""
        return self._token or (self.home / "organizer-token").read_text("ascii").strip()

    def new_organizer(self, name: str) -> str:
        """Makes an organizer, and returns the token."""
        done = self.manage("create_organizer", name)
        assert done.returncode == 0, done.stderr
        self._made.append(done.stdout.strip())
        return self._made[-1]

    @contextlib.contextmanager
    def another_organizer(self, token: str) -> Iterator[None]:
        """Tests act as the organizer with this token, whose lists hold only what they made."""
        self._token = token
        try:
            yield
        finally:
            self._token = ""

    def secrets(self) -> list[str]:
        """What nothing but the service's own processes may know."""
        return [
            *(self._environment()[name] for name in ("SECRET_KEY", "LOG_SIGNING_KEY")),
            self.valkey.password,
            self._postgres.password,
            *self._made,
        ]

    def superuser_url(self) -> str:
        """The database as only a test may use it."""
        return self._postgres.url()

    @property
    def ledger_data(self) -> Path:
        """PostgreSQL's own folder."""
        return self._postgres.data

    def checkpoint(self) -> None:
        """Has PostgreSQL write to its tables' files what it has in memory."""
        connection = psycopg2.connect(self.superuser_url())
        connection.autocommit = True
        connection.cursor().execute("CHECKPOINT")
        connection.close()

    def log(self, name: str) -> str:
        """What a part has logged so far."""
        return (self.home / "log" / f"{name}.log").read_text("utf-8")

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Reads the ledger, past everything else."""
        connection = psycopg2.connect(self._postgres.url(), connect_timeout=10)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def write(self, statement: str, *values: object) -> None:
        """Changes the ledger, past everything else: what only an earlier time or another installation could leave."""
        with contextlib.closing(psycopg2.connect(self._postgres.url(), connect_timeout=10)) as connection, connection:
            connection.cursor().execute(statement, values)


def _state(pid: int) -> str:
    """The process's state as the kernel says it: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
