"""Containers that are killed, and containers that are cut off from the stores' network, while a crowd registers."""

from __future__ import annotations

import time

from deploy.trials.compose_trial.crowd import Rehearsal
from deploy.trials.compose_trial.deployment import Deployment
from deploy.trials.compose_trial.engine import run
from deploy.trials.compose_trial.restarts import under_a_rehearsal
from deploy.trials.report import Trial, wait_until

PEOPLE, RATE = 1000, 8
RECOVERY_SECONDS = 120
CUT_SECONDS = 10
KILLED = ("valkey", "web", "postgres", "worker", "deliver", "mail")


def kill(trial: Trial, deployment: Deployment, token: str) -> None:
    """Each service's first container gets a SIGKILL while a crowd registers; the restart policy brings it back."""
    back: dict[str, str] = {}
    answered: list[int] = []

    def act(crowd: Rehearsal) -> None:
        for service in KILLED:
            container = deployment.containers(service)[0]
            state = deployment.inspect(container)
            answered.append(crowd.answered())
            # The process, not `docker kill`: that counts as a wish to stop, after which no policy restarts it.
            deployment.engine.kill_process(state["State"]["Pid"])
            started = time.monotonic()
            again = wait_until(lambda: _restarted_since(deployment, container, state), seconds=RECOVERY_SECONDS)  # noqa: B023
            healthy = again and not deployment.wait_healthy(RECOVERY_SECONDS)
            back[service] = f"{time.monotonic() - started:.0f} s" if healthy else ""

    name = "SIGKILL for each container: every 202 decided once"
    under_a_rehearsal(trial, deployment, name, token=token, people=PEOPLE, rate=RATE, act=act)
    during = len(answered) == len(KILLED) and answered[-1] < PEOPLE
    trial.check("all were killed while people registered", during, f"answered by then: {answered} of {PEOPLE}")
    for service in KILLED:
        after = back.get(service, "")
        trial.check(f"{service} came back by its restart policy, all healthy", after, f"after {after}" if after else "")


def _restarted_since(deployment: Deployment, container: str, before: dict[str, int]) -> bool:
    return bool(deployment.inspect(container)["RestartCount"] > before["RestartCount"])


def cut(trial: Trial, deployment: Deployment, token: str) -> None:
    """A worker, PostgreSQL, then Valkey lose their way to the stores' network, for ten seconds each."""
    network = f"{deployment.project}_stores"
    answered: list[int] = []

    def act(crowd: Rehearsal) -> None:
        for service in ("worker", "postgres", "valkey"):
            container = deployment.containers(service)[0]
            answered.append(crowd.answered())
            run("docker", "network", "disconnect", network, container)
            time.sleep(CUT_SECONDS)  # how long the cut lasts: no waiting for something
            run("docker", "network", "connect", f"--alias={service}", network, container)
            answered.append(crowd.answered())

    name = "cut off (a worker, PostgreSQL, Valkey): every 202 decided once"
    under_a_rehearsal(trial, deployment, name, token=token, people=PEOPLE // 2, rate=RATE, act=act)
    during = len(answered) == 6 and answered[-2] < PEOPLE // 2
    trial.check("all were cut off while people registered", during, f"answered before and after: {answered}")
    bad = deployment.wait_healthy(RECOVERY_SECONDS)
    trial.check("all are healthy after the cuts", not bad, ", ".join(bad))
