"""Whether the containers are as confined as the Compose file says: asked of their processes, and tried."""

from __future__ import annotations

import re

from deploy.trials.compose_trial.deployment import SERVICES, Deployment
from deploy.trials.compose_trial.engine import Failed, run
from deploy.trials.report import Trial


def look(trial: Trial, deployment: Deployment) -> None:
    """No process of a service is root or has a capability, and none can write into its code or its root."""
    loose = [f"{service}: {problem}" for service in SERVICES for problem in _problems(deployment, service)]
    trial.check("no container is root, has a capability, or can write to its root", not loose, "; ".join(loose))


def _problems(deployment: Deployment, service: str) -> list[str]:
    container = deployment.containers(service)[0]
    # Of the first process: with `init: true` that is the small one which started the service, with the same rights.
    status = run("docker", "exec", container, "cat", "/proc/1/status")
    users = re.findall(r"(?m)^Uid:\s+(.*)$", status)[0].split()
    capabilities = set(re.findall(r"(?m)^Cap(?:Prm|Eff|Bnd):\s+(\w+)$", status))
    found = ["root"] if "0" in users else []
    found += [f"capabilities {capabilities}"] if {int(one, 16) for one in capabilities} != {0} else []
    found += [] if "NoNewPrivs:\t1" in status else ["may gain privileges"]
    for path in ("/written", "/usr/written"):
        try:
            run("docker", "exec", container, "touch", path)
        except Failed as problem:
            found += [] if "Read-only file system" in str(problem) else [f"{path}: {problem}"]
        else:
            found.append(f"{path} can be written")
    return found
