"""Several doors behind the balancer of `deploy/compose/balancer.yml`: more and fewer containers, and another image,
while crowds and guests register, none of whom may be refused or have to ask twice.
"""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.trials.compose_trial.crowd import ADDRESS
from deploy.trials.compose_trial.deployment import Deployment
from deploy.trials.compose_trial.engine import run
from deploy.trials.compose_trial.images import build
from deploy.trials.compose_trial.outside import Outside
from deploy.trials.report import CannotTry, Trial, wait_until
from deploy.trials.update_trial import findings
from deploy.trials.update_trial.crowd import Crowds
from deploy.trials.update_trial.mailed import MailedGuests

RATE = 20
DECIDED_SECONDS = 60
SETTINGS = {
    "COMPOSE_FILE": "docker-compose.yml:deploy/compose/balancer.yml",
    "OMNIFY_PUBLISH": "127.0.0.1:",
    "OMNIFY_PUBLISH_OPERATIONS": "127.0.0.1:",
    "WEB_WORKERS": "1",
}
REPLACED = ("worker", "deliver", "mail", "web")


def scale(trial: Trial, deployment: Deployment, token: str, _: Outside) -> None:
    """More doors, drains, deliverers and mailers, then fewer than before, while crowds register."""
    deployment.make_env(SETTINGS)
    deployment.up()
    bad = deployment.wait_healthy()
    trial.check("two doors behind the balancer are healthy", not bad and _doors(deployment) == 2, ", ".join(bad))

    def act() -> None:
        for counts in (
            {"web": 3, "worker": 4, "deliver": 2, "mail": 2},
            {"web": 1, "worker": 1, "deliver": 1, "mail": 1},
            {"web": 2, "worker": 2},
        ):
            started = time.monotonic()
            scaled = [f"--scale={service}={count}" for service, count in counts.items()]
            # Compose 2 takes another number for another configuration, and would recreate all of them at once.
            deployment.up("--no-deps", "--no-recreate", *scaled, *counts)
            fine = not deployment.wait_healthy() and all(
                len(deployment.containers(service)) == count for service, count in counts.items()
            )
            balanced = wait_until(lambda: _doors(deployment) == counts["web"], seconds=30)  # noqa: B023
            what = ", ".join(f"{count} {service}" for service, count in counts.items())
            trial.check(f"scaled to {what}", fine and balanced, f"{time.monotonic() - started:.0f} s")

    _while_people_register(trial, deployment, token, act, proofs=["receipts"])


def update(trial: Trial, deployment: Deployment, _token: str, _: Outside) -> None:
    """From the image of an earlier commit to this one and back, with `deploy/compose/update`, on new volumes."""
    earlier = deployment.folder.parent / "earlier"
    if not earlier.exists():
        raise CannotTry("there is no earlier commit")
    run("docker", "tag", "omnify", "omnify:project")
    build(earlier, "omnify:earlier")
    trial.check("the image of the earlier commit builds", True, f"{trial.seconds:.0f} s")
    deployment.down()
    deployment.make_env(SETTINGS)
    run("docker", "tag", "omnify:earlier", "omnify")
    deployment.up()
    bad = deployment.wait_healthy()
    trial.check("the earlier image is up with this Compose file", not bad, ", ".join(bad))
    token = deployment.organizer_token()

    def act() -> None:
        for what, image in (("forth", "omnify:project"), ("back", "omnify:earlier")):
            before = {name for service in REPLACED for name in deployment.containers(service)}
            run("docker", "tag", image, "omnify")
            started = time.monotonic()
            environment = {**os.environ, "COMPOSE": " ".join(deployment.command)}
            run(str(deployment.folder / "deploy/compose/update"), seconds=300, env=environment)
            after = {name for service in REPLACED for name in deployment.containers(service)}
            wanted = run("docker", "inspect", "--format={{.Id}}", image).strip()
            all_new = not before & after and {deployment.inspect(name)["Image"] for name in after} == {wanted}
            taken = f"{time.monotonic() - started:.0f} s"
            trial.check(f"{what}: each of {len(after)} containers was replaced", all_new, taken)

    # The earlier image may have no folder where it can keep what it has signed, so no receipts.
    _while_people_register(trial, deployment, token, act, proofs=[])
    bad = deployment.wait_healthy()
    trial.check("all are healthy after the updates", not bad, ", ".join(bad))
    run("docker", "tag", "omnify:project", "omnify")


def _while_people_register(
    trial: Trial, deployment: Deployment, token: str, act: Callable[[], None], *, proofs: Sequence[str]
) -> None:
    guests = MailedGuests(ADDRESS, token)
    trial.afterwards(guests.stop)
    folder = Path(deployment.folder, "crowds")
    folder.mkdir(exist_ok=True)
    crowds = Crowds(url=ADDRESS, token=token, folder=folder, rate=RATE, proofs=proofs)
    trial.afterwards(crowds.end)
    act()
    guests.stop()
    findings.of_crowds(trial, crowds.last())
    findings.of_guests(trial, guests)


def _doors(deployment: Deployment) -> int:
    """To how many doors the balancer sends requests."""
    [balancer] = deployment.containers("balancer")
    address = deployment.inspect(balancer)["NetworkSettings"]["Networks"][f"{deployment.project}_front"]["IPAddress"]
    try:
        with urllib.request.urlopen(f"http://{address}:8404/", timeout=5) as answer:
            return int(answer.read())
    except OSError:
        return 0
