"""Starts Omnify's own processes: set-up, web, drains, dispatcher and mailer, in the environment they share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omnify.embedded.home import Home
from omnify.embedded.ports import LOOPBACK
from omnify.embedded.process import CannotStart, Child, start_child
from omnify.environment import Environment, read_environment
from omnify.environment_values import BadEnvironment

ROOT = Path(__file__).resolve().parent.parent.parent
DRAINS = ("drain-1", "drain-2")
DISPATCHERS = ("deliver-1",)
MAILERS = ("mail-1",)


@dataclass(frozen=True, slots=True)
class Programs:
    """Starts the programs, each with its log in the home."""

    home: Home
    env: Mapping[str, str]

    def setup(self) -> Child:
        """Starts the migrations and the creation of the organizer; the process ends by itself."""
        return self._start_as("OWNER", "setup", "-m", "omnify.embedded.setup")

    def web(self) -> Child:
        """Starts gunicorn with the door and the API."""
        config = ROOT / "omnify" / "gunicorn_conf.py"
        return self._start_as("WEB", "web", "-m", "gunicorn", "--config", str(config), "omnify.asgi:application")

    def drain(self, name: str) -> Child:
        """Starts a Celery worker for all partitions."""
        return self._worker("WORKER", name, "--exclude-queues", "webhooks,mail")

    def dispatcher(self, name: str) -> Child:
        """Starts a Celery worker that sends webhooks, hundreds at once."""
        return self._worker("DELIVER", name, "--queues", "webhooks")

    def mailer(self, name: str) -> Child:
        """Starts a Celery worker that sends mail."""
        return self._worker("DELIVER", name, "--queues", "mail")

    def _worker(self, role: str, name: str, *queues: str) -> Child:
        return self._start_as(role, name, "-m", "omnify.run_worker", "--name", name, *queues)

    def _start_as(self, role: str, name: str, *arguments: str) -> Child:
        """Starts a program with `DATABASE_URL_<role>` as its DATABASE_URL, if there is one, and no other role's."""
        others = {name: value for name, value in self.env.items() if not name.startswith("DATABASE_URL")}
        database = self.env.get(f"DATABASE_URL_{role}") or self.env["DATABASE_URL"]
        return start_child(
            name,
            [sys.executable, *arguments],
            log=self.home.log(name),
            env={**others, "DATABASE_URL": database},
            cwd=ROOT,
            keep_open=(self.home.children_lock,),
        )


def check_variables(home: Home, port: int) -> Environment:
    """Checks the environment variables before any server is started, and returns what they say.

    Raises:
        CannotStart: a variable has an invalid value.
    """
    secret_key = os.environ.get("SECRET_KEY") or home.secrets().secret_key
    database = os.environ.get("DATABASE_URL") or "made with the server"
    own = {"OMNIFY_HOME": str(home.path), "SECRET_KEY": secret_key, "DATABASE_URL": database}
    own["SERVICE_URL"] = service_url(port)
    try:
        return read_environment({**os.environ, **own})
    except BadEnvironment as problem:
        raise CannotStart(str(problem)) from problem


def service_values(
    *, secret_key: str, log_signing_key: str = "", database: str, redis: str, broker: str, port: int
) -> dict[str, str]:
    """Returns the contents of `service.env`: enough for any process that works beside the service."""
    older = os.environ.get("SECRET_KEY_FALLBACKS", "")
    signing_key = os.environ.get("LOG_SIGNING_KEY") or log_signing_key
    older_keys = os.environ.get("LOG_SIGNING_KEY_FALLBACKS", "")
    return {
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secret_key,
        **({"SECRET_KEY_FALLBACKS": older} if older else {}),
        **({"LOG_SIGNING_KEY": signing_key} if signing_key else {}),
        **({"LOG_SIGNING_KEY_FALLBACKS": older_keys} if older_keys else {}),
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "CELERY_BROKER_URL": broker,
        # For `rehearse` and `listen`, which use the service over HTTP.
        "SERVICE_URL": service_url(port),
    }


def service_url(port: int) -> str:
    """Returns where the service is for this machine."""
    return f"http://{LOOPBACK}:{port}"


def child_environment(home: Home, port: int, values: Mapping[str, str]) -> dict[str, str]:
    """Returns the supervisor's environment, overridden by the service's own values."""
    return {
        **os.environ,
        **values,
        "OMNIFY_HOME": str(home.path),
        "OMNIFY_BIND": f"{LOOPBACK}:{port}",
        "PROMETHEUS_MULTIPROC_DIR": str(home.metrics),
        "DJANGO_SETTINGS_MODULE": "omnify.settings",
        "PYTHONUNBUFFERED": "1",
    }
