"""Everything a measurement needs: servers, the programs under test, events, and a look into both stores."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import redis

from bench.programs import ROOT, python, wait_for_port
from bench.servers import Servers, start_servers
from omnify.embedded.ports import free_port
from omnify.embedded.process import Child

CAPACITY = 5_000_000
ASGI = ["--config", "omnify/gunicorn_conf.py"]
# The best of 1x4, 1x8, 1x32, 2x1, 2x2, 2x4, 2x8, 2x16, 3x2, 4x1, 4x2 and 4x8 (workers x threads) on two cores: more
# threads only wait for the same row lock (2x16 does 0.6 of this).
GTHREAD = ["-k", "gthread", "-w", "2", "--threads", "1", "--keep-alive", "75", "--no-control-socket"]
WORKER = ["worker", "-l", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]


@dataclass(frozen=True, slots=True)
class Stack:
    """The servers of a run. Programs are started by the measurements that need them."""

    home: Path
    redis: redis.Redis
    env: dict[str, str]

    @contextlib.contextmanager
    def _server(self, name: str, arguments: list[str], **settings: str) -> Iterator[str]:
        with self._processes(name, arguments, **settings) as (url, _):
            yield url

    @contextlib.contextmanager
    def _processes(self, name: str, arguments: list[str], **settings: str) -> Iterator[tuple[str, int]]:
        port = free_port()
        command = ["gunicorn", *arguments, "-b", f"127.0.0.1:{port}", "--log-level", "warning"]
        with python(name, command, home=self.home, env={**self.env, **settings}) as child:
            wait_for_port(child, port)
            yield f"http://127.0.0.1:{port}", child.pid

    def door(self, name: str = "door", **settings: str) -> contextlib.AbstractContextManager[str]:
        """Omnify's door, with variables of its own if need be; its address."""
        return self._server(name, [*ASGI, "omnify.asgi:application"], **settings)

    def door_processes(self, name: str = "door", **settings: str) -> contextlib.AbstractContextManager[tuple[str, int]]:
        """The same; its address and the pid of gunicorn, whose children are the doors."""
        return self._processes(name, [*ASGI, "omnify.asgi:application"], **settings)

    def hello(self) -> contextlib.AbstractContextManager[str]:
        """The same server, answering a constant; its address."""
        return self._server("hello", [*ASGI, "bench.baselines.hello:application"])

    def drf(self) -> contextlib.AbstractContextManager[str]:
        """The baselines *lock* and *task*; their address."""
        return self._server("drf", [*GTHREAD, "bench.baselines.drf.wsgi:application"])

    @contextlib.contextmanager
    def drain(self) -> Iterator[None]:
        """One drain worker for all partitions."""
        from django.conf import settings

        queues = ",".join(f"registrations.{number}" for number in range(settings.ENV.partitions))
        with self._celery("drain", "omnify.celery", "--pool", "solo", "-Q", queues) as child:
            wait_until(lambda: not child.running or self.workers() > 0, seconds=30, what="a drain worker")
            yield

    def deliverer(self) -> contextlib.AbstractContextManager[Child]:
        """One worker that sends webhooks."""
        return self._celery("deliver", "omnify.celery", "--pool", "solo", "-Q", "webhooks")

    @contextlib.contextmanager
    def task_worker(self) -> Iterator[None]:
        """Celery's default pool with one process a core, for *task*."""
        pool = ("--pool", "prefork", "--concurrency", "2", "-Q", "bench.task")
        with self._celery("task-worker", "bench.baselines.drf.celery", *pool):
            time.sleep(4.0)  # it says nowhere when it is ready
            yield

    def _celery(self, name: str, app: str, *arguments: str) -> contextlib.AbstractContextManager[Child]:
        return python(name, ["celery", "-A", app, *WORKER, *arguments], home=self.home, env=self.env)

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
    with start_servers() as servers:
        env = _environment(servers)
        _set_up_django(env)
        yield Stack(servers.home, redis.Redis.from_url(servers.redis_url), env)


def _environment(servers: Servers) -> dict[str, str]:
    metrics = servers.home / "metrics"
    metrics.mkdir()
    return {
        **os.environ,
        "OMNIFY_HOME": str(servers.home),
        "SECRET_KEY": "only-for-this-run-" + os.urandom(16).hex(),
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "CELERY_BROKER_URL": servers.broker_url,
        "REGISTER_RATE_LIMIT": "off",
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "METRICS_DIR": str(metrics),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "DJANGO_SETTINGS_MODULE": "omnify.settings",
        "PYTHONPATH": str(ROOT),
    }


def _set_up_django(env: dict[str, str]) -> None:
    # This process counts nothing: files of its own would only be summed up with the others'.
    os.environ.update({name: value for name, value in env.items() if name != "PROMETHEUS_MULTIPROC_DIR"})
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def new_event(*, capacity: int = CAPACITY, waitlist: int = 0) -> int:
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
        waitlist_capacity=waitlist,
        start_time=now + timedelta(days=1),
        end_time=now + timedelta(days=2),
        registration_opens_at=now - timedelta(minutes=1),
        registration_closes_at=now + timedelta(days=1),
    )
    return int(event.pk)


def tidy() -> None:
    """What autovacuum would do sooner or later, so that no run pays for the one before.

    No CHECKPOINT: PostgreSQL logs every page as a whole when it is first touched after one, and a run of seconds right
    behind a checkpoint would measure mostly that.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) events_registration, events_webhookdelivery")


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
