"""The three base images: pulled where a registry can be reached, else stand-ins out of Debian's packages and wheels."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from pathlib import Path

from deploy.trials.compose_trial.engine import UNSHARE, Engine, run
from deploy.trials.report import CannotTry, Trial

ROOT = Path(__file__).resolve().parent.parent.parent.parent
IMAGES = ("python:3.11-slim", "valkey/valkey:8.1", "postgres:18")
REGISTRY = "https://registry-1.docker.io/v2/"


def get_images(trial: Trial, *, folder: Path, cache: Path | None) -> Engine:
    """Returns the engine that has them, started. `cache` keeps the stand-ins' Debian for another time."""
    pulled = _registry_answers()
    if pulled:
        # In the host's network, which the engine's own has no way to; the project's wheels come in there as well.
        puller = Engine(folder, own_network=False)
        trial.afterwards(puller.stop)
        puller.start()
        for image in IMAGES:
            run("docker", "pull", "--quiet", image, seconds=300)
        run("docker", "build", "--network=host", "--tag=omnify", str(folder / "project"), seconds=400)
        puller.stop()
    engine = Engine(folder)
    trial.leaves_nothing(engine.leftovers)
    trial.afterwards(engine.stop)
    engine.start()
    if not pulled:
        if shutil.which("debootstrap") is None:
            raise CannotTry("no registry answers, and stand-ins need debootstrap: give --install")
        # In namespaces of its own too: its mounts and programs end with it, also when it is killed.
        make = (*UNSHARE, str(ROOT / "deploy" / "standins" / "make"), str(cache or folder / "standins"))
        run(*make, seconds=900)
    trial.say(f"images: {'pulled' if pulled else 'stand-ins (no registry answers)'}  ({trial.seconds:.0f} s)")
    return engine


def _registry_answers() -> bool:
    try:
        urllib.request.urlopen(REGISTRY, timeout=5).close()
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code == 401  # who asks for an image gets a token first
    except OSError:
        return False
    return True
