"""Starts all processes in order, restarts those that die, and stops them in the opposite order.

    valkey, postgres  →  set-up (migrations, organizer)  →  web, drains, dispatcher  →  ready when /health/ready is 200
                                                                                             →  mailer

A signal raises `StopRequested` wherever the supervisor is; from then on it only stops. A second signal kills.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from omnify.common.email_url import Way
from omnify.embedded.home import Home, open_home
from omnify.embedded.ports import LOOPBACK, is_free
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import find_postgres_files
from omnify.embedded.process import CannotStart, Child
from omnify.embedded.programs import (
    DISPATCHERS,
    DRAINS,
    MAILERS,
    Programs,
    check_variables,
    child_environment,
    service_values,
)
from omnify.embedded.restarts import RestartedChild
from omnify.embedded.valkey import Valkey

POLL_SECONDS = 0.2
READY_NOTE_SECONDS = 20.0
LOG_CHECK_SECONDS = 30.0
# If a child dies this often in a row before the service was ever ready, the start has failed.
DEATHS_TO_GIVE_UP = 4
REPEATED_SIGNAL_SECONDS = 1.0
STOP_SECONDS = {
    "web": 15.0,
    "drain-1": 20.0,
    "drain-2": 20.0,
    "deliver-1": 20.0,
    "mail-1": 20.0,
    "valkey": 30.0,
    "postgres": 60.0,
}


class StopRequested(BaseException):
    """SIGINT, SIGTERM or SIGHUP was received."""


class Supervisor:
    """Runs one copy of the service. `say` prints a line for the user."""

    def __init__(self, home: Path, port: int, say: Callable[[str], None]) -> None:
        self._path = home
        self._port = port
        self._say = say
        self._children: list[RestartedChild] = []
        self._stopping = False
        self._stop_requested_at = 0.0
        self._kill_now = False
        self._ready = False
        # DATABASE_URL_WEB and so on, of the embedded PostgreSQL; an operator's own are in the environment.
        self._databases: dict[str, str] = {}

    def run(self) -> None:
        """Runs the service until it is asked to stop.

        Raises:
            CannotStart: the message says why.
        """
        with self._signals():
            try:
                self._start()
                self._watch()
            except StopRequested:
                self._say("stopping")
            finally:
                self._stopping = True
                self._stop()

    # Starting

    def _start(self) -> None:
        if not is_free(self._port):
            raise CannotStart(f"port {self._port} is taken: set PORT to another one")
        home = open_home(self._path, waiting=lambda: self._say("waiting for servers of an earlier start to end"))
        self._token_before = home.token()
        home.trim_logs()
        home.empty_metrics()
        self._environment = check_variables(home, self._port)
        values = self._start_servers(home)
        home.write_service_file(values)
        programs = Programs(home, child_environment(home, self._port, {**values, **self._databases}))
        self._set_up(programs)
        self._home, self._programs = home, programs
        self._supervise(programs.web)
        for name in DRAINS:
            self._supervise(lambda name=name: programs.drain(name))  # type: ignore[misc]
        for name in DISPATCHERS:
            self._supervise(lambda name=name: programs.dispatcher(name))  # type: ignore[misc]

    def _start_servers(self, home: Home) -> dict[str, str]:
        """Starts the servers that the environment does not name; returns the variables of `service.env`."""
        kept = home.secrets()
        redis_url, database_url = os.environ.get("REDIS_URL", ""), os.environ.get("DATABASE_URL", "")
        broker_url = os.environ.get("CELERY_BROKER_URL") or redis_url
        if not redis_url:
            valkey = Valkey(
                directory=home.path / "valkey",
                log=home.log("valkey"),
                port=kept.valkey_port,
                password=kept.valkey_password,
            )
            redis_url, broker_url = valkey.url(0), broker_url or valkey.url(1)
            self._supervise_server(valkey, home)
        if not database_url:
            files = find_postgres_files(home.path)
            if files.note:
                self._say(files.note)
            postgres = Postgres(
                files=files,
                log=home.log("postgres"),
                port=kept.postgres_port,
                password=kept.postgres_password,
            )
            postgres.remove_stale_pid_file()
            self._supervise_server(postgres, home)
            self._databases = postgres.urls_of_programs()
            database_url = self._databases["DATABASE_URL_OWNER"]
        return service_values(
            secret_key=kept.secret_key,
            log_signing_key=kept.log_signing_key,
            database=database_url,
            redis=redis_url,
            broker=broker_url,
            port=self._port,
        )

    def _supervise_server(self, server: Valkey | Postgres, home: Home) -> None:
        keep_open = (home.children_lock,)
        child = server.start(keep_open=keep_open)
        self._children.append(RestartedChild(child, lambda: server.spawn(keep_open=keep_open), time.monotonic()))

    def _supervise(self, start: Callable[[], Child]) -> None:
        self._children.append(RestartedChild(start(), start, time.monotonic()))

    def _set_up(self, programs: Programs) -> None:
        child = programs.setup()
        try:
            while child.running:
                time.sleep(0.02)
        finally:
            child.stop(5.0)
        if child.process.returncode:
            raise CannotStart(child.last_log_line().removeprefix("omnify: ") or f"set-up failed ({child.ending()})")

    # Watching

    def _watch(self) -> None:
        note_due = time.monotonic() + READY_NOTE_SECONDS
        logs_due = time.monotonic() + LOG_CHECK_SECONDS
        while True:
            now = time.monotonic()
            for kept in self._children:
                self._restart_if_due(kept, now)
            if not self._ready:
                problem = self._problem()
                if not problem:
                    self._announce()
                elif now > note_due:
                    self._say(f"not ready yet: {problem}")
                    note_due = now + READY_NOTE_SECONDS
            if now > logs_due:
                self._home.trim_logs()
                logs_due = now + LOG_CHECK_SECONDS
            time.sleep(POLL_SECONDS)

    def _restart_if_due(self, kept: RestartedChild, now: float) -> None:
        news = kept.restart_if_due(now)
        if news and not self._ready and kept.deaths >= DEATHS_TO_GIVE_UP:
            raise CannotStart(f"{kept.child.name} does not stay up: {kept.child.last_log_line()}")
        if news:
            self._say(news)

    def _problem(self) -> str:
        """Returns why the service is not ready; an empty string if it is."""
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=5)
        try:
            connection.request("GET", "/health/ready", headers={"Connection": "close"})
            response = connection.getresponse()
            body = response.read()
            return "" if response.status == 200 else str(json.loads(body).get("message", response.status))
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            return "the web processes do not respond"
        finally:
            connection.close()

    def _announce(self) -> None:
        self._ready = True
        self._say(f"ready on http://{LOOPBACK}:{self._port} (console: /console, API: /docs, Ctrl-C stops it)")
        self._start_mailers()
        self._say(self._home.token_line(before=self._token_before, terminal=os.isatty(1)))

    def _start_mailers(self) -> None:
        """Starts what sends mail. Last, since nothing else waits for it."""
        if not self._environment.sends_mail:
            return
        for name in MAILERS:
            self._supervise(lambda name=name: self._programs.mailer(name))  # type: ignore[misc]
        if self._environment.email_url.way is Way.FILES:
            self._say(f"mail: kept as files in {self._environment.mail_folder} (EMAIL_URL sends it)")

    # Stopping

    def _stop(self) -> None:
        """Stops web first, so that no new requests come in; then the workers; then the servers."""
        for names in (("web",), (*DRAINS, *DISPATCHERS, *MAILERS), ("valkey", "postgres")):
            children = [kept.child for kept in self._children if kept.child.name in names]
            for child in children:
                child.request_stop()
            deadlines = {child.name: time.monotonic() + STOP_SECONDS[child.name] for child in children}
            for child in children:
                while child.running and time.monotonic() < deadlines[child.name] and not self._kill_now:
                    time.sleep(0.02)
                if child.running:
                    self._say(f"{child.name} did not stop in time: killing it")
                    child.kill()
                child.process.wait()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        before: Mapping[int, object] = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN  # as nohup leaves it
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)  # type: ignore[arg-type]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._stopping:
            self._stopping, self._stop_requested_at = True, time.monotonic()
            raise StopRequested
        # Ctrl-C and `kill` signal a process group, and make passes its signal on: one request may arrive twice.
        if time.monotonic() > self._stop_requested_at + REPEATED_SIGNAL_SECONDS:
            self._kill_now = True
