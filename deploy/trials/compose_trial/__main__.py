"""`python -m deploy.trials.compose_trial [PART ...]`: builds, starts, tries the parts, takes everything down.

Exit code 0: all of it held. 1: something did not. 77: no engine can be had here, so nothing was tried.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.trials.compose_trial import balanced, confinement, faults, full_volume, restarts, rootless
from deploy.trials.compose_trial.arm import wheels_for_arm
from deploy.trials.compose_trial.compose import find_compose, version_of
from deploy.trials.compose_trial.crowd import Rehearsal
from deploy.trials.compose_trial.deployment import Deployment, copy_project
from deploy.trials.compose_trial.engine import Engine, look_for_an_engine, run
from deploy.trials.compose_trial.images import export_commit, get_images
from deploy.trials.compose_trial.janitor import Janitor
from deploy.trials.compose_trial.outside import SETTINGS, Outside
from deploy.trials.report import CannotTry, Trial
from deploy.trials.update_trial.versions import earlier_commit

# In this order, on one deployment, but for the last two, which have their own.
Part = Callable[[Trial, Deployment, str, Outside], None]
ON_ONE: dict[str, tuple[str, Part]] = {
    "stores": ("Both stores are restarted; stop and start", restarts.stores),
    "kill": ("Each container is killed", faults.kill),
    "cut": ("Cut off from a network", faults.cut),
    "scale": ("More containers and fewer", balanced.scale),
    "update": ("Another image, forth and back", balanced.update),
    "full-volume": ("A full volume", full_volume.full_volume),
    "rootless": ("Without root", rootless.rootless),
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
            trial.afterwards(Janitor(folder, Engine(folder).group).stop)
            _try(trial, folder=folder, wanted=wanted, given=given)
    return trial.exit_code


def _try(trial: Trial, *, folder: Path, wanted: list[str], given: argparse.Namespace) -> None:
    copy_project(folder / "project")
    composes = find_compose(folder, cache=given.cache, version=given.compose)
    if "update" in wanted:
        _export_earlier(trial, folder / "earlier", given.earlier)
    if ARM in wanted:
        with trial.part("Arm"):
            wheels_for_arm(trial)
    engine = get_images(trial, folder=folder, cache=given.cache)
    engine.enter_network()
    outside = Outside(trial)
    deployment = Deployment(engine, folder / "project", composes[0])
    token = ""
    with trial.part("Build, start, a crowd"):
        deployment.make_env({**SETTINGS, "LOG_SIGNING_KEY": secrets.token_hex(32)})
        for compose in composes:
            held = "services" in run(*compose, "config", cwd=deployment.folder)
            trial.check(f"Compose {version_of(compose)} reads the file", held)
        trial.say(f"all that follows: Compose {version_of(deployment.command)}")
        token = start(trial, deployment, people=given.people)
    for name, (title, part) in ON_ONE.items():
        if name in wanted and token:
            with trial.part(title):
                part(trial, deployment, token, outside)
    deployment.down()
    left = run("docker", "ps", "--all", "--quiet").split() + run("docker", "volume", "ls", "--quiet").split()
    trial.check("down removed all containers and volumes", not left, ", ".join(left))


def _export_earlier(trial: Trial, folder: Path, commit: str | None) -> None:
    try:
        name = earlier_commit(commit)
        export_commit(name, folder)
    except CannotTry as why:
        trial.say(f"no earlier commit: {why}")
    else:
        trial.say(f"the earlier commit: {name}")


def start(trial: Trial, deployment: Deployment, *, people: int) -> str:
    """Builds and starts it, and sends the first crowd. Returns an organizer's token."""
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
    confinement.look(trial, deployment)
    token = deployment.organizer_token()
    # More people than seats, as at a drop.
    crowd = Rehearsal(token=token, folder=deployment.folder, people=people, seats=people // 5)
    trial.afterwards(crowd.stop)
    held, line = crowd.result()
    trial.check(f"a crowd of {people} through the published port", held, line)
    return token


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deploy/compose-trial", description=__doc__)
    add = parser.add_argument
    add("parts", nargs="*", metavar="PART", help=f"what to try: {', '.join(PARTS)} (default: all)")
    add("--minutes", type=float, default=30, help="give up after so many (default: 30)")
    add("--people", type=int, default=PEOPLE, help=f"of the first crowd (default: {PEOPLE})")
    add("--install", action="store_true", help="install what is missing with apt-get")
    add("--compose", type=int, choices=(1, 2), help="which Compose (default: the newest that can be had)")
    add("--from", dest="earlier", metavar="COMMIT", help="update from it (default: before the newest migration)")
    add("--cache", type=Path, metavar="FOLDER", help="keep the stand-ins' Debian, and Compose, there for another time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
