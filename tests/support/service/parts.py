"""A whole service for acceptance tests: Valkey, PostgreSQL, gunicorn and two drains, each a process to kill.

The programs are the ones the supervisor starts, without the supervisor: nothing here comes back by itself, except a
door process, which gunicorn replaces. Ports and data stay the same over any number of starts.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import redis

from omnify.common.redis_client import connect
from omnify.embedded.home import Home
from omnify.embedded.ports import LOOPBACK, port_of, reserve_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import find_postgres_files
from omnify.embedded.process import CannotStart, Child
from omnify.embedded.programs import Programs
from omnify.embedded.valkey import Valkey
from tests.support import prepared
from tests.support.bare_environment import bare_environment
from tests.support.run_times import count_start
from tests.support.service.http_client import Address
from tests.support.waiting import wait_until

STORES = ("valkey", "postgres")
DRAINS = ("drain-1", "drain-2")
DISPATCHERS = ("deliver-1",)
MAILER = "mail-1"
WORKERS = (*DRAINS, *DISPATCHERS)
PARTS = (*STORES, "web", *WORKERS)
STOP_SECONDS = 20.0
SECRET = "only-for-tests-" + "k" * 40
SIGNING_KEY = "5a" * 32
AOF = "appendonlydir"


class Parts:
    """One copy of the service with servers of its own: started, healed, started with other settings, ended.

    It has all `parts` or only some, and starts with `settings` (environment variables).
    """

    def __init__(self, parts: Sequence[str] = PARTS, **settings: str) -> None:
        self._parts = parts
        self.home = Path(tempfile.mkdtemp(prefix="omnify-acceptance-"))
        self.home.chmod(0o711)  # PostgreSQL's user passes through
        for folder in ("log", "metrics", "faults"):
            (self.home / folder).mkdir()
        # Held open, so that no other program is given these ports while a server is dead.
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
            password=prepared.password(),
            fsync=False,
        )
        self._settings = settings
        self._programs = Programs(Home(self.home, self._lock), self._environment())
        self.children: dict[str, Child] = {}
        self.address = Address(LOOPBACK, port_of(self._ports["web"]))
        self.redis: redis.Redis = connect(self.valkey.url())

    def start(self) -> None:
        """Starts everything for the first time. Returns when the service is ready."""
        start_together(self)

    def start_stores(self) -> None:
        """Starts the stores for the first time, with tables and an organizer."""
        count_start("whole services")
        prepared.copy_data(self._files)
        prepared.copy_token(self.home)
        for name in STORES:
            self.start_part(name)

    def heal(self) -> None:
        """Starts whatever is not running. Returns when the service is ready; raises CannotStart if a part ends."""
        for failpoint in (self.home / "faults").iterdir():
            failpoint.unlink()
        self.start_missing()
        wait_until(self._ready_if_running, "GET /health/ready says 200")

    def start_missing(self) -> None:
        """Starts whatever is not running."""
        for name in self._parts:
            if not self.running(name):
                self.start_part(name)

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

    def running(self, name: str) -> bool:
        """Whether the part's process is there."""
        return name in self.children and self.children[name].running

    def ready(self) -> bool:
        """What a balancer would be told."""
        return answers(self.address, "/health/ready")

    def _ready_if_running(self) -> bool:
        for name, child in self.children.items():
            if not child.running:
                raise CannotStart(f"{name} ended: {child.last_log_line()}")
        return self.ready()

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
            # Tests kill one of two. By default the number depends on the machine.
            "WEB_WORKERS": "2",
            # A mailer would be another process.
            "EMAIL_URL": "off",
            "SECRET_KEY": SECRET,
            "LOG_SIGNING_KEY": SIGNING_KEY,
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


def start_together(*services: Parts) -> None:
    """Starts them for the first time, each step in all of them at once. Returns when they are ready."""
    for service in services:
        service.start_stores()
    for service in services:
        service.start_missing()
    for service in services:
        service.heal()


def answers(address: Address, path: str = "/health/live") -> bool:
    with contextlib.suppress(OSError):
        return address.ask("GET", path).status == 200
    return False
