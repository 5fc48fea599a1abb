"""The base images: pulled where a registry can be reached, else stand-ins out of Debian's packages and wheels. And the
project's own image, of this checkout and of an earlier commit."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from deploy.trials.compose_trial.engine import UNSHARE, Engine, Failed, run
from deploy.trials.report import NOT_TRIED, CannotTry, Trial

ROOT = Path(__file__).resolve().parent.parent.parent.parent
IMAGES = ("python:3.11-slim", "valkey/valkey:8.1", "postgres:18", "haproxy:2.6")
REGISTRY = "https://registry-1.docker.io/v2/"
STANDINS_SECONDS = 900


def get_images(trial: Trial, *, folder: Path, cache: Path | None) -> Engine:
    """Returns the engine that has them, started. `cache` keeps the stand-ins' Debian for another time.

    `folder` has the project, and the earlier one if that is wanted: what they install comes in here.
    """
    pulled = _registry_answers()
    projects = [name for name in ("project", "earlier") if (folder / name).exists()]
    if pulled:
        # In the host's network, which the engine's own has no way to; the project's wheels come in there as well.
        puller = Engine(folder, own_network=False)
        trial.afterwards(puller.stop)
        puller.start()
        for image in IMAGES:
            run("docker", "pull", "--quiet", image, seconds=300)
        _start_a_container()
        for project in projects:
            build(folder / project, f"omnify:{project}", "--network=host")
        puller.stop()
    engine = Engine(folder)
    trial.leaves_nothing(engine.leftovers)
    trial.afterwards(engine.stop)
    engine.start()
    if not pulled:
        locks = [str(folder / project / "requirements.lock") for project in projects]
        _make_standins(str(cache or folder / "standins"), *locks)
    trial.say(f"images: {'pulled' if pulled else 'stand-ins (no registry answers)'}  ({trial.seconds:.0f} s)")
    return engine


def _start_a_container() -> None:
    try:
        run("docker", "run", "--rm", "--network=none", IMAGES[0], "true")
    except Failed as problem:
        raise CannotTry(f"no container starts: {problem}") from None


def build(folder: Path, tag: str, *options: str) -> None:
    """Builds the image of the project in `folder`. Raises Failed."""
    # The builder that needs no image of its own.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    run("docker", "build", "--quiet", f"--tag={tag}", *options, str(folder), seconds=400, env=environment)


def export_commit(commit: str, folder: Path) -> None:
    """Writes the files of a commit into `folder`."""
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise CannotTry(f"git archive {commit}: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as files:
        files.extractall(folder, filter="data")


def _make_standins(*arguments: str) -> None:
    if shutil.which("debootstrap") is None:
        raise CannotTry("no registry answers, and stand-ins need debootstrap: give --install")
    # In namespaces of its own too: its mounts and programs end with it, also when it is killed.
    try:
        run(*UNSHARE, str(ROOT / "deploy" / "standins" / "make"), *arguments, seconds=STANDINS_SECONDS)
    except Failed as problem:
        if problem.code not in (NOT_TRIED, None):  # None: it took too long
            raise
        raise CannotTry(f"no registry answers, and no stand-ins can be made: {problem}") from None


def _registry_answers() -> bool:
    try:
        urllib.request.urlopen(REGISTRY, timeout=5).close()
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code == 401  # who asks for an image gets a token first
    except OSError:
        return False
    return True
