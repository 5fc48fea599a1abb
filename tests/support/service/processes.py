"""A whole service for acceptance tests: Valkey, PostgreSQL, gunicorn and two drains, each a process to kill.

The programs are the ones the supervisor starts, without the supervisor: nothing here comes back by itself, except a
door process, which gunicorn replaces. Ports and data stay the same over any number of starts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import redis

from omnify.common.redis_client import connect
from omnify.embedded.home import Home
from omnify.embedded.ports import LOOPBACK, free_port, port_of, reserve_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import find_postgres_files
from omnify.embedded.process import CannotStart, Child
from omnify.embedded.programs import ROOT, Programs
from omnify.embedded.valkey import Valkey
from tests.support.run_times import count_start
from tests.support.servers import bare_environment
from tests.support.service.http_client import Address
from tests.support.waiting import wait_until
from worker.failpoints import Failpoint

STORES = ("valkey", "postgres")
DRAINS = ("drain-1", "drain-2")
DISPATCHERS = ("deliver-1",)
WORKERS = (*DRAINS, *DISPATCHERS)
PARTS = (*STORES, "web", *WORKERS)
STOP_SECONDS = 20.0
SECRET = "only-for-tests-" + "k" * 40
AOF = "appendonlydir"


class Service:
    """One copy of the service with servers of its own."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="omnify-acceptance-"))
        self.home.chmod(0o711)  # PostgreSQL's user passes through
        for folder in ("log", "metrics", "faults"):
            (self.home / folder).mkdir()
        # Held open, so that nobody else is given these ports while a server is dead.
        self._ports = {name: reserve_port() for name in ("valkey", "postgres", "web")}
        self._lock = os.open(self.home / "children.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self.valkey = Valkey(
            directory=self.home / "valkey",
            log=self.home / "log" / "valkey.log",
            port=port_of(self._ports["valkey"]),
            password=secrets.token_hex(8),
        )
        self._files = find_postgres_files(self.home)
        self._postgres = Postgres(
            files=self._files,
            log=self.home / "log" / "postgres.log",
            port=port_of(self._ports["postgres"]),
            password=secrets.token_hex(8),
            fsync=False,
        )
        self._settings: dict[str, str] = {}
        self._programs = Programs(Home(self.home, self._lock), self._environment())
        self.children: dict[str, Child] = {}
        self.address = Address(LOOPBACK, port_of(self._ports["web"]))
        self.redis: redis.Redis = connect(self.valkey.url())

    # Starting and ending

    def start(self) -> None:
        """Starts everything for the first time. Returns when the service is ready."""
        count_start("whole services")
        for name in STORES:
            self.start_part(name)
        setup = self._programs.setup()
        wait_until(lambda: not setup.running, "the set-up ends")
        if setup.process.returncode:
            raise CannotStart(setup.last_log_line())
        self.heal()

    def heal(self) -> None:
        """Starts whatever is not running. Returns when the service is ready."""
        for failpoint in (self.home / "faults").iterdir():
            failpoint.unlink()
        for name in PARTS:
            if not self.running(name):
                self.start_part(name)
        wait_until(self.ready, "GET /health/ready says 200")

    def start_part(self, name: str) -> None:
        """Starts one part; a store answers when this returns."""
        count_start("parts")
        starts: dict[str, Callable[[], Child]] = {
            "valkey": self.valkey.start,
            "postgres": self._start_postgres,
            "web": self._programs.web,
            **{name: partial(self._programs.dispatcher, name) for name in DISPATCHERS},
        }
        self.children[name] = starts[name]() if name in starts else self._programs.drain(name)

    def stop_part(self, name: str) -> None:
        """Ends one part as an operator would."""
        self.children[name].stop(STOP_SECONDS)

    def set(self, **settings: str) -> None:
        """Starts doors and workers again with other settings, for good. Returns when the service is ready."""
        self._settings |= settings
        self._programs = Programs(Home(self.home, self._lock), self._environment())
        for name in ("web", *WORKERS):
            self.stop_part(name)
        self.heal()

    def close(self) -> None:
        """Ends everything and removes its data."""
        self.redis.close()
        for name in reversed(PARTS):
            if name in self.children:
                self.children[name].process.kill() if name in WORKERS else self.stop_part(name)
                self.children[name].process.wait()
        shutil.rmtree(self._files.directory, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)
        os.close(self._lock)
        for holder in self._ports.values():
            holder.close()

    @contextlib.contextmanager
    def another_door(self, **settings: str) -> Iterator[Address]:
        """A second gunicorn on the same stores, with settings of its own."""
        address = Address(LOOPBACK, free_port())
        env = {**self._environment(), **settings, "OMNIFY_BIND": f"{address.host}:{address.port}"}
        count_start("other doors")
        child = Programs(Home(self.home, self._lock), env).web()
        try:
            wait_until(lambda: not child.running or _answers(address), "the other door answers")
            yield address
        finally:
            child.stop(STOP_SECONDS)

    # Bad days

    def kill(self, *names: str) -> None:
        """SIGKILL, to all of them before any is waited for."""
        for name in names:
            self.children[name].process.kill()
        for name in names:
            self.children[name].process.wait()

    def kill_a_door(self) -> None:
        """SIGKILL to one of gunicorn's processes."""
        os.kill(self.doors()[0], signal.SIGKILL)

    def doors(self) -> list[int]:
        """The pids of gunicorn's processes, without their parent's."""
        parent = self.children["web"].pid
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()]

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """A part that hangs: it takes connections and answers nobody."""
        self.children[name].process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.children[name].process.send_signal(signal.SIGCONT)

    def set_trap(self, failpoint: Failpoint) -> None:
        """The next worker that comes to `failpoint` stops there until it is killed or continued."""
        (self.home / "faults" / failpoint).touch()

    def trapped(self, failpoint: Failpoint) -> str:
        """Waits for a worker to stop at `failpoint`, and returns its name."""
        reached = self.home / "faults" / f"{failpoint}.reached"
        wait_until(reached.exists, f"a worker comes to {failpoint}")
        wait_until(lambda: bool(self._stopped_workers()), "it stops there")
        reached.unlink()
        return self._stopped_workers()[0]

    def release(self, drain: str) -> None:
        """Lets a trapped drain go on."""
        self.children[drain].process.send_signal(signal.SIGCONT)

    def _stopped_workers(self) -> list[str]:
        return [name for name in WORKERS if self.running(name) and _state(self.children[name].pid) == "T"]

    def save_valkey(self) -> None:
        """Puts a copy of what Valkey has on disk aside. Every answer it gave is in it."""
        shutil.rmtree(self.home / "saved", ignore_errors=True)
        shutil.copytree(self.valkey.directory / AOF, self.home / "saved")

    def rewind_valkey(self) -> None:
        """Starts a killed Valkey with the copy, as after a failover to a replica that was behind."""
        shutil.rmtree(self.valkey.directory / AOF)
        shutil.copytree(self.home / "saved", self.valkey.directory / AOF)
        self.start_part("valkey")

    # Looking

    def running(self, name: str) -> bool:
        """Whether the part's process is there."""
        return name in self.children and self.children[name].running

    def ready(self) -> bool:
        """What a balancer would be told."""
        return _answers(self.address, "/health/ready")

    def token(self) -> str:
        """The first organizer's token."""
        return (self.home / "organizer-token").read_text("ascii").strip()

    def secrets(self) -> list[str]:
        """What nothing but the service's own processes may know."""
        return [self._environment()["SECRET_KEY"], self.valkey.password, self._postgres.password]

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
        process = subprocess.Popen(command, env=self._environment(), cwd=ROOT, stdout=quiet, stderr=quiet)
        try:
            yield
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    def _start_postgres(self) -> Child:
        def start() -> Child | None:
            try:
                return self._postgres.start()
            except CannotStart:
                # A killed server's backends hold its shared memory until they notice.
                return None

        return wait_until(start, "PostgreSQL starts again")

    def _environment(self) -> dict[str, str]:
        return {
            **bare_environment(),
            "OMNIFY_HOME": str(self.home),
            "OMNIFY_BIND": f"{LOOPBACK}:{port_of(self._ports['web'])}",
            "OMNIFY_FAULT_DIR": str(self.home / "faults"),
            # What the killed held is free again after 3 s and not 12, 11 and not 45. `make soak` tests with 1.
            "OMNIFY_HASTE": os.environ.get("OMNIFY_HASTE") or "4",
            "SECRET_KEY": SECRET,
            **self._postgres.urls_of_programs(),
            "DATABASE_URL": self._postgres.urls_of_programs()["DATABASE_URL_OWNER"],
            "REDIS_URL": self.valkey.url(0),
            "CELERY_BROKER_URL": self.valkey.url(1),
            "PROMETHEUS_MULTIPROC_DIR": str(self.home / "metrics"),
            "DJANGO_SETTINGS_MODULE": "omnify.settings",
            "REGISTER_RATE_LIMIT": "off",
            "REFUSAL_RATE_LIMIT": "off",
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "PYTHONUNBUFFERED": "1",
            **self._settings,
        }


def _answers(address: Address, path: str = "/health/live") -> bool:
    with contextlib.suppress(OSError):
        return address.ask("GET", path).status == 200
    return False


def _state(pid: int) -> str:
    """The process's state as the kernel says it: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
