"""`GET /health/live` and `GET /health/ready`.

Each check runs in a thread of its own and is waited for briefly, so that a hung server makes an answer, not another
hung request. While a check hangs, further requests wait for the same one: a balancer that asks every second does
not pile up threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpResponse
from rest_framework.request import Request

from events.admission.heartbeat import Duty, worker_count, workers_on_duty
from events.api import openapi, responses
from events.api.refusals import RETRY_SECONDS
from events.api.views.base import ApiView
from events.domain.public.health import Alive, Readiness
from events.domain.scopes import ANYONE
from omnify.common.clients import redis_client
from omnify.common.envelope import Code

TIMEOUT_SECONDS = 3.0


class Check:
    """Checks one thing the service needs. `probe` returns a sentence about what is wrong, or an empty string."""

    def __init__(self, probe: Callable[[], str]) -> None:
        self._probe = probe
        self._lock = threading.Lock()
        self._running: Future[str] | None = None

    def start(self) -> Future[str]:
        """Returns the running check, or starts one."""
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                # A daemon: a check that hangs must not keep the process from stopping.
                threading.Thread(target=self._run, args=(self._running,), daemon=True).start()
            return self._running

    def _run(self, future: Future[str]) -> None:
        try:
            future.set_result(self._probe())
        except Exception as problem:
            future.set_result(f"{type(problem).__name__}.")


def _probe_redis() -> str:
    try:
        redis_client().ping()
    except redis.RedisError as problem:
        return f"Redis does not answer ({type(problem).__name__})."
    return ""


def _probe_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as problem:
        return f"The database does not answer ({type(problem).__name__})."
    finally:
        connection.close()
    return ""


def _probe_workers() -> str:
    try:
        return "" if worker_count(redis_client()) else "No drain worker is alive."
    except redis.RedisError:
        return "Unknown while Redis does not answer."


def _probe_deliverers() -> str:
    try:
        return "" if workers_on_duty(redis_client())[Duty.DELIVER] else "None is alive: webhooks wait."
    except redis.RedisError:
        return "Unknown while Redis does not answer."


def _probe_mailers() -> str:
    if not settings.ENV.sends_mail:
        return "Off: EMAIL_URL."
    try:
        return "" if workers_on_duty(redis_client())[Duty.MAIL] else "None is alive: mail waits."
    except redis.RedisError:
        return "Unknown while Redis does not answer."


CHECKS = {
    "redis": Check(_probe_redis),
    "database": Check(_probe_database),
    "workers": Check(_probe_workers),
}
# What people do not wait for: the service is ready without.
_TOLD = {
    "deliverers": Check(_probe_deliverers),
    "mailers": Check(_probe_mailers),
}


class Live(ApiView):
    """Answers whether the process is alive."""

    # No token is looked at: that would ask the database.
    authentication_classes = []
    scopes = {"GET": ANYONE}

    @openapi.LIVE
    def get(self, request: Request) -> HttpResponse:
        """Answers 200."""
        return responses.ok(Alive("alive"), message="Alive.")


class Ready(ApiView):
    """Answers whether the service can work now."""

    # No token is looked at: that would ask the database.
    authentication_classes = []
    scopes = {"GET": ANYONE}

    @openapi.READY
    def get(self, request: Request) -> HttpResponse:
        """Answers 200 or 503, after `TIMEOUT_SECONDS` at the latest."""
        found = run_checks()
        problems = {name: [found[name]] for name in CHECKS if found[name]}
        if not problems:
            ready = Readiness(**{name: sentence or "ok" for name, sentence in found.items()})
            return responses.ok(ready, message="Ready.")
        return responses.refused(
            Code.UNAVAILABLE,
            status=503,
            message=f"Not ready: {', '.join(problems)}.",
            errors=problems,
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


def run_checks() -> dict[str, str]:
    """Runs all checks. Returns a sentence for each that failed, by its name, and an empty string for the others."""
    running = {name: check.start() for name, check in (CHECKS | _TOLD).items()}
    wait(running.values(), timeout=TIMEOUT_SECONDS)
    return {name: future.result() if future.done() else _TOO_SLOW for name, future in running.items()}


_TOO_SLOW = f"No answer within {TIMEOUT_SECONDS:g} seconds."
