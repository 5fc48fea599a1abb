"""The parts of the service, each of either version, on one Valkey and one PostgreSQL as `make run` has them."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.trials.report import Trial, wait_until
from deploy.trials.update_trial.balancer import Balancer
from deploy.trials.update_trial.versions import Version
from events.admission.heartbeat import workers_alive
from omnify.common.redis_client import connect
from omnify.embedded.ports import LOOPBACK, port_of, reserve_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import find_postgres_files
from omnify.embedded.process import CannotStart, Child, start_child
from omnify.embedded.valkey import Valkey

DOORS = 2
DRAINS = ("drain-1", "drain-2")
WORKERS = (*DRAINS, "deliver-1", "mail-1")
STOP_SECONDS = 30.0
# On a machine that does nothing else a part starts in two or three seconds.
START_SECONDS = 60.0
_QUEUES = {"deliver-1": ("--queues", "webhooks"), "mail-1": ("--queues", "mail")}
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class Parts:
    """Starts, replaces and stops the parts; the trial takes down what is started.

    A door is a gunicorn of its own on one of three ports, of which two are in use: a new one is there before the old
    one goes. Of the others an old one is told to stop first, as a container is replaced: their work waits in the queue.
    """

    def __init__(self, home: Path, trial: Trial, *, probe: str) -> None:
        self._home, self._trial = home, trial
        for folder in ("log", "metrics"):
            (home / folder).mkdir()
        holders = [reserve_port() for _ in range(DOORS + 4)]
        for holder in holders:
            trial.afterwards(holder.close)
        valkey, postgres, front, *self._ports = map(port_of, holders)
        self.valkey = Valkey(
            directory=home / "valkey", log=self.log("valkey"), port=valkey, password=secrets.token_hex(16)
        )
        self.postgres = Postgres(
            files=find_postgres_files(home), log=self.log("postgres"), port=postgres, password=secrets.token_hex(16)
        )
        self.balancer = Balancer(folder=home, log=self.log("haproxy"), port=front, doors=self._ports, probe=probe)
        self._env = self._environment()
        self.running: dict[str, Child] = {}
        self.unclean: list[str] = []

    @property
    def logs(self) -> Path:
        """The folder of all logs."""
        return self._home / "log"

    def log(self, name: str) -> Path:
        """Returns the path of a part's log."""
        return self.logs / f"{name}.log"

    def start_stores(self) -> None:
        """Starts the stores. Raises CannotStart."""
        self._keep("valkey", self.valkey.start())
        self._keep("postgres", self.postgres.start())

    def set_up(self, version: Version) -> None:
        """Lets a version make its tables, and an organizer with a token. Raises CannotStart."""
        self._run(version, "-m", "omnify.embedded.setup")

    def migrate(self, version: Version) -> None:
        """Brings the schema to that of this version. Raises CannotStart."""
        self._run(version, "manage.py", "migrate", "--noinput", "-v0")

    @property
    def token(self) -> str:
        """The organizer's token."""
        return (self._home / "organizer-token").read_text("ascii").strip()

    @property
    def mails(self) -> Path:
        """Where mails are kept as files."""
        return self._home / "mail"

    def start_all(self, version: Version) -> None:
        """Starts all parts of one version, with the balancer in front. Returns when all of them are at work."""
        self._keep("haproxy", self.balancer.start())
        doors = [self._start_door(number, version) for number in range(DOORS)]
        for name in WORKERS:
            self._start_worker(name, version)
        for number in range(DOORS):
            self._wait_for_door(number, doors[number])
        for name in DRAINS:
            self._wait_for_drain(name)

    def replace_doors(self, version: Version) -> None:
        """Replaces one door after the other."""
        for name in [name for name in self.running if name.startswith("door-")]:
            [free, *_] = (number for number in range(DOORS + 1) if f"door-{number}" not in self.running)
            self._wait_for_door(free, self._start_door(free, version))
            self._stop(name)

    def replace_workers(self, version: Version) -> None:
        """Replaces one drain after the other, then the deliverer and the mailer."""
        for name in WORKERS:
            self._stop(name)
            self._start_worker(name, version)
            if name in DRAINS:
                self._wait_for_drain(name)

    def ended(self) -> list[str]:
        """Names the parts that have ended without being told to."""
        return [f"{name} ({child.ending()})" for name, child in self.running.items() if not child.running]

    def _start_door(self, number: int, version: Version) -> Child:
        bind = {"OMNIFY_BIND": f"{LOOPBACK}:{self._ports[number]}", "WEB_WORKERS": "1"}
        config = str(version.root / "omnify" / "gunicorn_conf.py")
        return self._start(
            f"door-{number}", version, "WEB", "-m", "gunicorn", "--config", config, "omnify.asgi:application", **bind
        )

    def _start_worker(self, name: str, version: Version) -> Child:
        queues = _QUEUES.get(name, ("--exclude-queues", "webhooks,mail"))
        role = "WORKER" if name in DRAINS else "DELIVER"
        return self._start(name, version, role, "-m", "omnify.run_worker", "--name", name, *queues)

    def _start(self, name: str, version: Version, role: str, *arguments: str, **variables: str) -> Child:
        child = start_child(
            name,
            [version.python, *arguments],
            log=self.log(name),
            env={**self._environment_as(role), **variables},
            cwd=version.root,
        )
        return self._keep(name, child)

    def _keep(self, name: str, child: Child) -> Child:
        self._trial.afterwards(lambda: child.stop(STOP_SECONDS))
        self._trial.leaves_nothing(lambda: [f"{name}, process {child.pid}"] if child.running else [])
        self.running[name] = child
        return child

    def _stop(self, name: str) -> None:
        child = self.running.pop(name)
        if not child.stop(STOP_SECONDS) or child.process.returncode:
            self.unclean.append(f"{name}: {child.ending()}")

    def _run(self, version: Version, *arguments: str) -> None:
        with self.log("setup").open("ab") as log:
            done = subprocess.run(
                [str(version.python), *arguments],
                env=self._environment_as("OWNER"),
                cwd=version.root,
                stdout=log,
                stderr=log,
                check=False,
            )
        if done.returncode:
            raise CannotStart(f"{version.name}: {arguments[-1]} failed: {last_line(self.log('setup'))}")

    def _wait_for_door(self, number: int, child: Child) -> None:
        self._wait(child, lambda: number in self.balancer.doors_up())

    def _wait_for_drain(self, name: str) -> None:
        child = self.running[name]
        name_there = f"{os.uname().nodename}:{child.pid}"
        with connect(self.valkey.url()) as client:
            self._wait(child, lambda: name_there in workers_alive(client))

    def _wait(self, child: Child, ready: Callable[[], bool]) -> None:
        there = wait_until(lambda: ready() or not child.running, seconds=START_SECONDS, pause=0.05)
        if not there or not child.running:
            raise CannotStart(f"{child.name} is not at work ({child.ending()}): {child.last_log_line()}")

    def _environment_as(self, role: str) -> dict[str, str]:
        return {**self._env, "DATABASE_URL": self.postgres.urls_of_programs()[f"DATABASE_URL_{role}"]}

    def _environment(self) -> Mapping[str, str]:
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "OMNIFY_HOME": str(self._home),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LOG_SIGNING_KEY": secrets.token_hex(32),
            "REDIS_URL": self.valkey.url(0),
            "CELERY_BROKER_URL": self.valkey.url(1),
            "SERVICE_URL": self.balancer.url,
            "PROMETHEUS_MULTIPROC_DIR": str(self._home / "metrics"),
            "DJANGO_SETTINGS_MODULE": "omnify.settings",
            "PYTHONUNBUFFERED": "1",
            "REGISTER_RATE_LIMIT": "off",
            "WEBHOOK_ALLOW_PRIVATE": "true",
        }


def last_line(log: Path) -> str:
    """Returns the last line of a log."""
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
