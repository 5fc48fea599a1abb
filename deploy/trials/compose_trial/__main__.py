"""`python -m deploy.trials.compose_trial [PART ...]`: builds, starts, tries the parts, takes everything down.

Exit code 0: all of it held. 1: something did not. 77: no engine can be had here, so nothing was tried.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.trials.compose_trial import faults, restarts
from deploy.trials.compose_trial.arm import wheels_for_arm
from deploy.trials.compose_trial.crowd import Rehearsal
from deploy.trials.compose_trial.deployment import Deployment, copy_project
from deploy.trials.compose_trial.engine import look_for_an_engine, run
from deploy.trials.compose_trial.images import get_images
from deploy.trials.report import Trial

# In this order, on one deployment.
Part = Callable[[Trial, Deployment, str], None]
ON_ONE: dict[str, tuple[str, Part]] = {
    "stores": ("Both stores are restarted; stop and start", restarts.stores),
    "kill": ("Each container is killed", faults.kill),
    "cut": ("Cut off from a network", faults.cut),
}
ARM = "arm"
PARTS = (*ON_ONE, ARM)
PEOPLE = 5000


def main(arguments: list[str] | None = None) -> int:
    """Runs it. Returns the exit code."""
    given = _parser().parse_args(arguments)
    wanted = given.parts or list(PARTS)
    with Trial("compose-trial", seconds=60 * given.minutes) as trial:
        if wanted == [ARM]:
            wheels_for_arm(trial)
        else:
            look_for_an_engine(install=given.install)
            folder = Path(tempfile.mkdtemp(prefix="omnify-compose-trial-"))
            trial.afterwards(lambda: shutil.rmtree(folder))
            _try(trial, folder=folder, wanted=wanted, given=given)
    return trial.exit_code


def _try(trial: Trial, *, folder: Path, wanted: list[str], given: argparse.Namespace) -> None:
    copy_project(folder / "project")
    if ARM in wanted:
        with trial.part("Arm"):
            wheels_for_arm(trial)
    engine = get_images(trial, folder=folder, cache=given.cache)
    engine.enter_network()
    deployment = Deployment(engine, folder / "project")
    token = ""
    with trial.part("Build, start, a crowd"):
        token = start(trial, deployment, people=given.people)
    for name, (title, part) in ON_ONE.items():
        if name in wanted and token:
            with trial.part(title):
                part(trial, deployment, token)
    deployment.down()
    left = run("docker", "ps", "--all", "--quiet").split() + run("docker", "volume", "ls", "--quiet").split()
    trial.check("down removed all containers and volumes", not left, ", ".join(left))


def start(trial: Trial, deployment: Deployment, *, people: int) -> str:
    """Builds and starts it, and sends the first crowd. Returns an organizer's token."""
    deployment.make_env()
    deployment.compose("build", "web", seconds=400)
    trial.check("the image builds", True, f"{trial.seconds:.0f} s")
    deployment.up()
    ended = {name: deployment.inspect(deployment.containers(name)[0])["State"] for name in ("roles", "migrate")}
    trial.check(
        "roles, then migrations, ended with 0 before web started",
        all(state["ExitCode"] == 0 for state in ended.values())
        and ended["roles"]["FinishedAt"] <= ended["migrate"]["StartedAt"]
        and ended["migrate"]["FinishedAt"] <= deployment.inspect(deployment.containers("web")[0])["State"]["StartedAt"],
    )
    bad = deployment.wait_healthy()
    trial.check("all services are up and healthy", not bad, ", ".join(bad))
    token = deployment.organizer_token()
    crowd = Rehearsal(token=token, folder=deployment.folder, people=people)
    trial.afterwards(crowd.stop)
    held, line, _ = crowd.result()
    trial.check(f"a crowd of {people} through the published port", held, line)
    return token


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deploy/compose-trial", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to try: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--minutes", type=float, default=20, help="give up after so many (default: 20)")
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"of the first crowd (default: {PEOPLE})")
    parser.add_argument("--install", action="store_true", help="install what is missing with apt-get")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep the stand-ins' Debian there for another time"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
