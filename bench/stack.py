"""Everything a measurement needs: servers, the programs under test, events, and a look into both stores."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import redis

from bench.programs import Program, free_port, running, wait_for_port
from bench.servers import start_postgres, start_valkey

ROOT = Path(__file__).resolve().parent.parent
CAPACITY = 5_000_000
ASGI = ["-k", "asgi", "-w", "2", "--keep-alive", "75"]
# The best of 1x8, 1x32, 2x4, 2x8, 2x16 and 4x8 (workers x threads) on two cores.
GTHREAD = ["-k", "gthread", "-w", "2", "--threads", "16", "--keep-alive", "75"]
WORKER = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


@dataclass(frozen=True, slots=True)
class Stack:
    """The servers of a run. Programs are started by the measurements that need them."""

    home: Path
    redis: redis.Redis
    env: dict[str, str]

    @contextlib.contextmanager
    def _server(self, name: str, arguments: list[str]) -> Iterator[str]:
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", *arguments, "-b", f"127.0.0.1:{port}"]
        program = Program.start(name, [*command, "--log-level", "warning"], self.home, self.env, cwd=ROOT)
        with running(program):
            wait_for_port(program, port)
            time.sleep(1.0)  # the port is open before both workers are
            yield f"http://127.0.0.1:{port}"

    def door(self) -> contextlib.AbstractContextManager[str]:
        """Omnify's door; its address."""
        return self._server("door", [*ASGI, "omnify.asgi:application"])

    def hello(self) -> contextlib.AbstractContextManager[str]:
        """The same server, answering a constant; its address."""
        return self._server("hello", [*ASGI, "bench.baselines.hello:application"])

    def drf(self) -> contextlib.AbstractContextManager[str]:
        """The baselines *lock* and *task*; their address."""
        return self._server("drf", [*GTHREAD, "bench.baselines.drf.wsgi:application"])

    @contextlib.contextmanager
    def drain(self) -> Iterator[None]:
        """One drain worker for all partitions, as `make run` starts it."""
        from django.conf import settings

        queues = ",".join(f"registrations.{number}" for number in range(settings.ENV.partitions))
        with self._celery("drain", ["omnify.celery", "--pool", "solo", "-Q", queues]) as program:
            wait_until(lambda: program.check() or self.workers() > 0, seconds=30, what="a drain worker")
            yield

    @contextlib.contextmanager
    def task_worker(self) -> Iterator[None]:
        """Celery's default pool with one process a core, for *task*."""
        app = ["bench.baselines.drf.celery", "--pool", "prefork", "--concurrency", "2", "-Q", "bench.task"]
        with self._celery("task-worker", app):
            time.sleep(3.0)
            yield

    @contextlib.contextmanager
    def _celery(self, name: str, arguments: list[str]) -> Iterator[Program]:
        app, *rest = arguments
        command = [sys.executable, "-m", "celery", "-A", app, "worker", "-l", "WARNING", *WORKER, *rest]
        with running(Program.start(name, command, self.home, self.env, cwd=ROOT)) as program:
            yield program

    def workers(self) -> int:
        """Drain workers that say they live."""
        from events.admission.live import worker_count

        return worker_count(self.redis)

    def queued(self, event_id: int) -> int:
        """Registrations of an event that wait for their decision."""
        from events.admission.keys import event_keys

        return int(self.redis.xlen(event_keys(event_id).queue))

    def settled(self, event_id: int) -> int:
        """The queue's length once nobody adds to it: a client that stops leaves requests under way behind."""
        before, now = -1, self.queued(event_id)
        while now != before:
            time.sleep(0.3)
            before, now = now, self.queued(event_id)
        return now

    def forget(self, event_id: int) -> None:
        """Takes an event out of Redis, so that a run's leavings do not weigh on the next one."""
        names = list(self.redis.scan_iter(match=f"{{event:{event_id}}}:*", count=1000))
        if names:
            self.redis.unlink(*names)


@contextlib.contextmanager
def start_stack() -> Iterator[Stack]:
    """Starts the servers and sets Django up in this process; ends all at the end."""
    with tempfile.TemporaryDirectory(prefix="omnify-bench-") as folder, contextlib.ExitStack() as ended:
        home = Path(folder)
        home.chmod(0o711)
        valkey, redis_url = start_valkey(home)
        ended.callback(valkey.stop)
        postgres, database_url = start_postgres(home)
        ended.callback(postgres.stop, signal.SIGINT)  # fast: does not wait for this process's connection
        env = {
            **os.environ,
            "OMNIFY_HOME": str(home),
            "SECRET_KEY": "only-for-this-run-" + os.urandom(16).hex(),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "CELERY_BROKER_URL": redis_url,
            "REGISTER_RATE_LIMIT": "off",
            "DJANGO_SETTINGS_MODULE": "omnify.settings",
            "PYTHONPATH": str(ROOT),
        }
        _set_up_django(env)
        yield Stack(home, redis.Redis.from_url(redis_url), env)


def _set_up_django(env: dict[str, str]) -> None:
    os.environ.update(env)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def new_event(*, capacity: int = CAPACITY) -> int:
    """An open event of its own for a run."""
    from django.utils import timezone

    from events.models import Event, Organizer

    organizer, _ = Organizer.objects.get_or_create(name="bench")
    now = timezone.now()
    event = Event.objects.create(
        organizer=organizer,
        name="Launch",
        location="Hall 1",
        max_capacity=capacity,
        start_time=now + timedelta(days=1),
        end_time=now + timedelta(days=2),
        registration_opens_at=now - timedelta(minutes=1),
        registration_closes_at=now + timedelta(days=1),
    )
    return int(event.pk)


def decided(event_id: int) -> int:
    """Registrations of an event that the ledger has decided."""
    from events.models import Registration

    return Registration.objects.filter(event_id=event_id).count()


def wait_until(done: Callable[[], Any], *, seconds: float, what: str) -> float:
    """Returns the moment (monotonic) when `done()` became true. Raises TimeoutError naming `what`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return time.monotonic()
        time.sleep(0.02)
    raise TimeoutError(f"waited {seconds:g} s for {what}")
