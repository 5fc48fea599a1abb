"""The deployment under trial: a copy of what the image is made of, with an `.env` as the example makes it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.trials.compose_trial.compose import Command
from deploy.trials.compose_trial.engine import Engine, run
from deploy.trials.compose_trial.images import ROOT
from deploy.trials.report import wait_until

SERVICES = ("postgres", "valkey", "web", "worker", "deliver", "mail")
HEALTHY_SECONDS = 240
HOOK = "(?m)^#   (\\(umask.*)$"


def copy_project(target: Path) -> None:
    """Copies what `.dockerignore` lets into the image, and what says how it is built and started."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name in [line[1:] for line in lines if line.startswith("!")] + [
        *(".dockerignore", "Dockerfile", "docker-compose.yml", "deploy/.env.example", "deploy/compose")
    ]:
        source, copy = ROOT / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)


def env_line(example: str) -> str:
    """The command of `deploy/.env.example` that makes an `.env`."""
    [line] = re.findall(HOOK, example)
    return str(line)


def is_well(state: Mapping[str, Any], since: datetime | None = None) -> bool:
    """Tells whether a container, by its `State`, runs and is healthy; with `since`, by a check that began after it."""
    health = state.get("Health")
    if health is None or not state["Running"]:
        return bool(state["Running"])
    if since is None:
        return bool(health["Status"] == "healthy")
    checks = [one for one in health["Log"] if datetime.fromisoformat(one["Start"]) >= since]
    return bool(checks) and checks[-1]["ExitCode"] == 0


@dataclass(slots=True)
class Deployment:
    """The Compose project in `folder`. Containers are named by service and number, from 1."""

    engine: Engine
    folder: Path
    command: Command
    project: str = "omnify"
    # Who runs Compose: words before the command.
    as_user: Command = ()

    def make_env(self, settings: Mapping[str, str]) -> None:
        """Makes `.env` as the example says if there is none, and adds settings to it."""
        if not (self.folder / ".env").exists():
            line = env_line((self.folder / "deploy" / ".env.example").read_text("utf-8"))
            run(*self.as_user, "sh", "-c", line, cwd=self.folder)
        with (self.folder / ".env").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())

    def compose(self, *arguments: str, seconds: float = 300) -> str:
        """Runs Compose. Raises Failed."""
        command = (*self.as_user, *self.command, f"--project-name={self.project}", *arguments)
        return run(*command, seconds=seconds, cwd=self.folder, env={**os.environ, "DOCKER_BUILDKIT": "0"})

    def up(self, *arguments: str, seconds: float = 400) -> None:
        """`up --detach`."""
        self.compose("up", "--detach", *arguments, seconds=seconds)

    def down(self) -> None:
        """Removes its containers, networks and volumes."""
        self.compose("down", "--volumes", "--timeout=10")

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers, ended ones too, by number."""
        labels = (f"project={self.project}", f"service={service}", "oneoff=False")
        ids = run(
            "docker", "ps", "--all", "--quiet", *(f"--filter=label=com.docker.compose.{label}" for label in labels)
        ).split()
        number = "com.docker.compose.container-number"
        return sorted(ids, key=lambda name: int(self.inspect(name)["Config"]["Labels"][number]))

    def inspect(self, container: str) -> dict[str, Any]:
        """What the engine knows of a container."""
        found: dict[str, Any] = json.loads(run("docker", "inspect", container))[0]
        return found

    def unhealthy(self, since: datetime | None = None) -> list[str]:
        """Services that should be up and are not, or whose health check does not say healthy (`is_well`)."""
        bad = []
        for service in SERVICES:
            states = [self.inspect(name)["State"] for name in self.containers(service)]
            if not states or not all(is_well(state, since) for state in states):
                bad.append(service)
        return bad

    def wait_healthy(self, seconds: float = HEALTHY_SECONDS, *, afresh: bool = False) -> list[str]:
        """Waits until all are healthy, `afresh`: by checks that begin now. Returns those that are not after `seconds`.

        A check that fails is said three times before Docker calls a container unhealthy, so for a while what has been
        healthy says nothing.
        """
        since = datetime.now(UTC) if afresh else None
        wait_until(lambda: not self.unhealthy(since), seconds=seconds, pause=1)
        return self.unhealthy(since)

    def organizer_token(self) -> str:
        """Makes an organizer, as the guide says."""
        out = self.compose("exec", "-T", "web", "python", "manage.py", "create_organizer", "Trial")
        return out.strip().splitlines()[-1].strip()
