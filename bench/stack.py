"""Everything a measurement needs: servers, the programs under test, and a look into the queue.

The programs are the service's own (`omnify.embedded.programs`), with its settings; only the baselines' are ours.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import redis

from bench import load, machine
from bench.programs import ROOT, running, wait_for_port, wait_until_idle
from bench.servers import Servers, start_servers
from bench.waiting import wait_until
from omnify.embedded.home import Home
from omnify.embedded.ports import LOOPBACK, free_port
from omnify.embedded.process import Child
from omnify.embedded.programs import Programs, child_environment, service_values

# The best of 1x4, 1x8, 1x32, 2x1, 2x2, 2x4, 2x8, 2x16, 3x2, 4x1, 4x2 and 4x8 (workers x threads) on two cores: more
# threads only wait for the same row lock (2x16 does 0.6 of this).
GTHREAD = ["-k", "gthread", "-w", "2", "--threads", "1", "--keep-alive", "75", "--no-control-socket"]
WORKER = ["worker", "-l", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]


class Server(NamedTuple):
    """A web server under test: its address, and the pid of gunicorn, whose children serve."""

    url: str
    pid: int

    def workers(self) -> int:
        """Processes that serve."""
        return len(machine.children(self.pid))


Running = contextlib.AbstractContextManager[Server]


@dataclass(frozen=True, slots=True)
class Stack:
    """The servers of a run. Programs are started by the measurements that need them; a plain door, the hello and the
    drain are kept for the next one, the drain stopped in between (SIGSTOP)."""

    home: Home
    redis: redis.Redis
    env: dict[str, str]
    _kept: contextlib.ExitStack
    _running: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """A folder that goes when the run ends."""
        return self.home.path

    @contextlib.contextmanager
    def door(self, **settings: str) -> Iterator[str]:
        """Omnify's door, with variables of its own if need be; its address."""
        with self.door_processes(fresh=False, **settings) as server:
            yield server.url

    def door_processes(self, *, fresh: bool = False, **settings: str) -> Running:
        """The same, with the pid of gunicorn, whose children are the doors. A fresh one has done nothing."""
        if fresh or settings:
            return self._web(lambda env: Programs(self.home, env).web(), settings)
        return self._keep("door", lambda: self._web(lambda env: Programs(self.home, env).web(), {}))

    @contextlib.contextmanager
    def hello(self) -> Iterator[str]:
        """gunicorn's own ASGI worker, with as many processes as the door has, answering a constant; its address."""
        with self.hello_processes() as server:
            yield server.url

    def hello_processes(self) -> Running:
        """The same, with the pid of gunicorn.

        Not the worker of `omnify.server`: what is done there must not change what it is compared with.
        """
        config = ["--config", str(ROOT / "omnify" / "gunicorn_conf.py"), "--worker-class", "asgi"]
        command = ["gunicorn", *config, "bench.baselines.hello:application"]
        return self._keep("hello", lambda: self._web(partial(self._python, "hello", command), {}))

    @contextlib.contextmanager
    def drf(self) -> Iterator[str]:
        """The baselines *lock* and *task*; their address."""
        application = "bench.baselines.drf.wsgi:application"

        def start(env: Mapping[str, str]) -> Child:
            bound = ["-b", env["OMNIFY_BIND"], "--log-level", "warning"]
            return self._python("drf", ["gunicorn", *GTHREAD, *bound, application], env)

        with self._web(start, {}) as server:
            yield server.url

    @contextlib.contextmanager
    def drain(self) -> Iterator[None]:
        """One drain worker for all partitions. It goes on where it was stopped; leave with nothing queued."""
        child: Child = self._running.get("drain") or self._start_drain()
        child.process.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            child.process.send_signal(signal.SIGSTOP)

    def _start_drain(self) -> Child:
        child = self._kept.enter_context(running(Programs(self.home, self.env).drain("drain-1")))
        # Before it is asked to end, it has to hear it.
        self._kept.callback(child.process.send_signal, signal.SIGCONT)
        wait_until(lambda: not child.running or self.workers() > 0, seconds=60, what="a drain worker")
        self._running["drain"] = child
        return child

    def dispatcher(self) -> contextlib.AbstractContextManager[Child]:
        """One worker that sends webhooks. Its end is not waited for: an endpoint that hangs would hold it."""
        return running(Programs(self.home, self.env).dispatcher("deliver-1"), stop_seconds=2)

    def mailer(self) -> contextlib.AbstractContextManager[Child]:
        """One worker that sends mail, to files. What is not sent when it is stopped waits."""
        return running(Programs(self.home, self.env).mailer("mail-1"))

    def task_worker(self) -> contextlib.AbstractContextManager[Child]:
        """Celery's default pool with one process a core, for *task*. It says nowhere when it is ready."""
        pool = ("--pool", "prefork", "--concurrency", "2", "-Q", "bench.task")
        return running(
            self._python("task-worker", ["celery", "-A", "bench.baselines.drf.celery", *WORKER, *pool], self.env)
        )

    def program(self, name: str, arguments: list[str]) -> contextlib.AbstractContextManager[Child]:
        """`python -m <arguments>`, for a measure's own helpers."""
        return running(self._python(name, arguments, self.env))

    def _python(self, name: str, arguments: list[str], env: Mapping[str, str]) -> Child:
        from bench.programs import start_python

        return start_python(arguments, log=self.home.log(name), env=env)

    def _keep(self, name: str, start: Callable[[], Running]) -> Running:
        if name not in self._running:
            self._running[name] = self._kept.enter_context(start())
        return contextlib.nullcontext(self._running[name])

    @contextlib.contextmanager
    def _web(self, start: Callable[[Mapping[str, str]], Child], settings: Mapping[str, str]) -> Iterator[Server]:
        port = free_port()
        with running(start({**self.env, **settings, "OMNIFY_BIND": f"{LOOPBACK}:{port}"})) as child:
            wait_for_port(child, port)
            load.touch(f"http://{LOOPBACK}:{port}")
            wait_until_idle(child)
            yield Server(f"http://{LOOPBACK}:{port}", child.pid)

    def workers(self) -> int:
        """Drain workers that say they live."""
        from events.admission.heartbeat import worker_count

        return worker_count(self.redis)

    def queued(self, event_id: int) -> int:
        """Registrations of an event that wait for their decision."""
        from events.admission.stats import queue_stats

        return queue_stats(self.redis, event_id).queued

    def decided(self, event_id: int) -> int:
        """Registrations of an event whose decision is published: those in front of the queue's head."""
        from events.admission.keys import event_keys

        keys = event_keys(event_id)
        pipeline = self.redis.pipeline()
        pipeline.hmget(keys.state, "seq", "packed")
        pipeline.xlen(keys.queue)
        (admitted, packed), queued = pipeline.execute()
        return int(admitted or 0) - int(queued) - (int(packed or 0) if queued else 0)

    def stamps(self, event_id: int, entries: int, *, seconds: float) -> dict[str, int]:
        """Follows an event's queue until so many entries were put there: when (ms since 1970), by their ticket keys."""
        from events.admission.entry import read_entries
        from events.admission.keys import event_keys

        queue, last = event_keys(event_id).queue, b"0-0"
        found: dict[str, int] = {}
        deadline = time.monotonic() + seconds
        while len(found) < entries:
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:g} s for {entries} entries, found {len(found)}")
            streams: Any = self.redis.xread({queue: last}, count=5000, block=1000)
            for _, items in streams:
                for stream_id, fields in items:
                    found.update({entry.key: entry.requested_ms for entry in read_entries(stream_id, fields)})
                last = items[-1][0]
        return found

    def forget(self, *event_ids: int) -> None:
        """Takes events out of Redis, so that a run's leavings do not weigh on the next one."""
        from events.admission.keys import event_keys

        for event_id in event_ids:
            self.redis.unlink(*event_keys(event_id).all())

    def script_calls(self) -> int:
        """Calls of scripts that Valkey has run by now."""
        return int(self.redis.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))

    def redis_pid(self) -> int:
        """The server's process."""
        return int(self.redis.info("server")["process_id"])


@contextlib.contextmanager
def start_stack(**settings: str) -> Iterator[Stack]:
    """Starts the servers and sets Django up in this process; ends all at the end. All programs get `settings`."""
    with start_servers() as servers, contextlib.ExitStack() as kept:
        env = {**_environment(servers), **settings}
        _set_up_django(env)
        stack = Stack(servers.home, redis.Redis.from_url(servers.redis_url), env, kept)
        setup = Programs(servers.home, env).setup()
        wait_until(lambda: not setup.running, seconds=120, what="the set-up")
        if setup.process.returncode:
            raise TimeoutError(setup.last_log_line())
        yield stack


def _environment(servers: Servers) -> dict[str, str]:
    values = service_values(
        secret_key="only-for-this-run-" + os.urandom(16).hex(),
        database=servers.databases["DATABASE_URL_OWNER"],
        redis=servers.redis_url,
        broker=servers.broker_url,
        port=0,  # each door gets one of its own
    )
    limits = {"REGISTER_RATE_LIMIT": "off", "REFUSAL_RATE_LIMIT": "off"}
    ours = {**limits, "WEBHOOK_ALLOW_PRIVATE": "true", "PYTHONPATH": str(ROOT)}
    return {**child_environment(servers.home, 0, {**values, **servers.databases}), **ours}


def _set_up_django(env: dict[str, str]) -> None:
    # This process counts nothing: files of its own would only be summed up with the others'.
    os.environ.update({name: value for name, value in env.items() if name != "PROMETHEUS_MULTIPROC_DIR"})
    import django

    django.setup()
    logging.disable(logging.INFO)
