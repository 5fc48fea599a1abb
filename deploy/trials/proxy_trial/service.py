"""The service as `make run` starts it, with the settings that it has behind a proxy, and more doors beside it.

door 1    of `make run` itself
door 2    the one that is killed
door 3    behind two proxies (TRUSTED_PROXIES=2), with metrics and admin on its only port
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from deploy.trials.proxy_trial.findings import wait_until
from omnify.common.service_file import read_service_file
from omnify.embedded.home import TOKEN_FILE
from omnify.embedded.ports import LOOPBACK
from omnify.embedded.process import Child, start_child

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 90.0
STOP_SECONDS = 45.0
# Registrations of one event from one address in a minute.
ADDRESS_LIMIT = 300
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class Service:
    """The running service. `stack` stops it."""

    def __init__(self, home: Path, stack: ExitStack, *, url: str, ports: dict[str, int]) -> None:
        self.home, self._stack, self.url, self.ports = home, stack, url, ports
        self.operations = f"http://{LOOPBACK}:{ports['operations']}"
        self._plain = stack.enter_context(httpx.Client(timeout=30.0, trust_env=False))
        self._env = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "OMNIFY_HOME": str(home),
            "PORT": str(ports["door1"]),
            "OPERATIONS_BIND": f"{LOOPBACK}:{ports['operations']}",
            "WEB_WORKERS": "1",
            "TRUSTED_PROXIES": "1",
            "PUBLIC_URL": url,
            "CSRF_TRUSTED_ORIGINS": url,
            "REGISTER_RATE_LIMIT": f"{ADDRESS_LIMIT}/minute",
            "EMAIL_URL": "file:",
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "PYTHONUNBUFFERED": "1",
        }

    def start(self) -> None:
        """Starts everything, and waits until it is ready. Raises Broken."""
        folder = self.home.parent
        service = start_child(
            "service",
            [sys.executable, "-m", "omnify.embedded"],
            log=folder / "service.log",
            env=self._env,
            cwd=ROOT,
            death_signal=signal.SIGTERM,
        )
        self._stack.callback(service.stop, STOP_SECONDS)
        self._wait_for(service, self.ports["door1"], "/health/ready")
        door3 = self._start_door("door3", TRUSTED_PROXIES="2", OPERATIONS_BIND="")
        self.start_door2()
        self._wait_for(door3, self.ports["door3"], "/health/live")

    def start_door2(self) -> None:
        """Starts the second door, or starts it again. Raises Broken."""
        self._door2 = self._start_door("door2", OPERATIONS_BIND="")
        self._wait_for(self._door2, self.ports["door2"], "/health/live")

    def kill_door2(self) -> None:
        """Kills it with SIGKILL; its processes die with it."""
        self._door2.process.kill()
        self._door2.process.wait()

    @property
    def token(self) -> str:
        """The organizer's token."""
        return (self.home / TOKEN_FILE).read_text("ascii").strip()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Calls the API as the organizer, past the proxies. Returns what is in `data`."""
        url = f"http://{LOOPBACK}:{self.ports['door1']}{path}"
        answer = self._plain.request(method, url, json=body, headers={"Authorization": f"Bearer {self.token}"})
        answer.raise_for_status()
        return answer.json().get("data")

    def metric(self, name: str, *labels: str) -> float:
        """Adds up the series of a metric that have these labels, such as `route="register"`."""
        text = self._plain.get(f"{self.operations}/metrics").raise_for_status().text
        lines = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(label in line for label in labels))

    def _start_door(self, name: str, **variables: str) -> Child:
        bind = f"{LOOPBACK}:{self.ports[name]}"
        kept = read_service_file(self.home)
        child = start_child(
            name,
            [sys.executable, "-m", "gunicorn", "--config", "omnify/gunicorn_conf.py", "omnify.asgi:application"],
            log=self.home.parent / f"{name}.log",
            env={
                **self._env,
                **kept,
                "OMNIFY_BIND": bind,
                "PROMETHEUS_MULTIPROC_DIR": str(self.home / "metrics"),
                "DJANGO_SETTINGS_MODULE": "omnify.settings",
                **variables,
            },
            cwd=ROOT,
        )
        self._stack.callback(child.stop, STOP_SECONDS)
        return child

    def _wait_for(self, child: Child, port: int, path: str) -> None:
        def answers() -> bool:
            if not child.running:
                raise RuntimeError(f"{child.name} ended ({child.ending()}): {child.last_log_line()}")
            try:
                return self._plain.get(f"http://{LOOPBACK}:{port}{path}").status_code == 200
            except httpx.HTTPError:
                return False

        wait_until(answers, seconds=START_SECONDS, otherwise=f"{child.name} is not ready: {child.last_log_line()}")
