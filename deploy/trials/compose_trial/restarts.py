"""Both stores are restarted under a crowd, and everything is stopped and started."""

from __future__ import annotations

from collections.abc import Callable

from deploy.trials.compose_trial.crowd import Rehearsal, ask
from deploy.trials.compose_trial.deployment import Deployment
from deploy.trials.compose_trial.outside import Outside
from deploy.trials.report import Trial, wait_until

PEOPLE, RATE = 1500, 60


def under_a_rehearsal(
    trial: Trial,
    deployment: Deployment,
    name: str,
    *,
    token: str,
    people: int = PEOPLE,
    rate: int = RATE,
    act: Callable[[Rehearsal], object],
) -> Rehearsal:
    """Does something while a crowd registers, and checks the crowd's proofs. Returns the crowd."""
    crowd = Rehearsal(token=token, folder=deployment.folder, people=people, rate=rate)
    trial.afterwards(crowd.stop)
    try:
        wait_until(crowd.begun, seconds=60)
        act(crowd)
        held, line = crowd.result()
    finally:
        crowd.stop()
    trial.check(name, held, line)
    return crowd


def stores(trial: Trial, deployment: Deployment, token: str, _: Outside) -> None:
    """Both stores are restarted under a crowd; then everything is stopped and started, and is still there."""
    under_a_rehearsal(
        trial,
        deployment,
        "both stores restarted: every 202 decided once",
        token=token,
        act=lambda _: [deployment.compose("restart", store) for store in ("valkey", "postgres")],
    )
    before = ask("GET", "/events?mine=true", token=token).body["data"]
    deployment.compose("stop")
    deployment.compose("start")
    bad = deployment.wait_healthy()
    trial.check("all are healthy after stop and start", not bad, ", ".join(bad))
    after = ask("GET", "/events?mine=true", token=token).body.get("data")
    trial.check("stop and start kept every event and count", before == after, f"{before['total_items']} events")
