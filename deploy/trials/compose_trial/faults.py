"""Containers that are killed, and containers that are cut off from the stores' network, while a crowd registers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from deploy.trials.compose_trial.crowd import ADDRESS, Rehearsal, confirmed_tickets
from deploy.trials.compose_trial.deployment import Deployment
from deploy.trials.compose_trial.engine import run
from deploy.trials.compose_trial.outside import Inbox, Outside
from deploy.trials.compose_trial.restarts import under_a_rehearsal
from deploy.trials.report import Trial, wait_until
from deploy.trials.update_trial.mailed import MailedGuests

PEOPLE, RATE = 1000, 8
RECOVERY_SECONDS = 120
# A claim of a deliverer that was killed runs out after 45 seconds, a mailer's after 60.
SENT_SECONDS = 150
CUT_SECONDS = 10
KILLED = ("valkey", "web", "postgres", "worker", "deliver", "mail")


class Killing:
    """Kills one container after the other, and keeps what was seen of each."""

    def __init__(self, deployment: Deployment, outside: Outside) -> None:
        self._deployment = deployment
        self._at_work_for = {"deliver": outside.webhooks, "mail": outside.mail}
        self.back: dict[str, str] = {}
        self.answered: list[int] = []
        self.held: dict[str, set[str]] = {}

    def all_of_them(self, crowd: Rehearsal) -> None:
        """A SIGKILL for each service's first container."""
        for service in KILLED:
            self.answered.append(crowd.answered())
            with _in_the_middle_of_sending(self._at_work_for.get(service)) as held:
                self.held[service] = held
                self._kill(service)

    def _kill(self, service: str) -> None:
        container = self._deployment.containers(service)[0]
        before = self._deployment.inspect(container)
        # The process, not `docker kill`: that counts as a wish to stop, after which no policy restarts it.
        self._deployment.engine.kill_process(before["State"]["Pid"])
        started = time.monotonic()
        again = wait_until(
            lambda: self._deployment.inspect(container)["RestartCount"] > before["RestartCount"],
            seconds=RECOVERY_SECONDS,
        )
        healthy = again and not self._deployment.wait_healthy(RECOVERY_SECONDS)
        self.back[service] = f"{time.monotonic() - started:.0f} s" if healthy else ""


@contextlib.contextmanager
def _in_the_middle_of_sending(inbox: Inbox | None) -> Iterator[set[str]]:
    if inbox is None:
        yield set()
        return
    try:
        yield inbox.hold()
    finally:
        inbox.release()


def kill(trial: Trial, deployment: Deployment, token: str, outside: Outside) -> None:
    """Each service's first container gets a SIGKILL while a crowd registers; the restart policy brings it back."""
    outside.subscribe(token)
    guests = MailedGuests(ADDRESS, token)
    trial.afterwards(guests.stop)
    killing = Killing(deployment, outside)
    name = "SIGKILL for each container: every 202 decided once"
    crowd = under_a_rehearsal(trial, deployment, name, token=token, people=PEOPLE, rate=RATE, act=killing.all_of_them)
    during = len(killing.answered) == len(KILLED) and killing.answered[-1] < PEOPLE
    trial.check("all were killed while people registered", during, f"answered by then: {killing.answered} of {PEOPLE}")
    for service in KILLED:
        after = killing.back.get(service, "")
        trial.check(f"{service} came back by its restart policy, all healthy", after, f"after {after}" if after else "")
    guests.stop()
    missing = guests.undecided(RECOVERY_SECONDS)
    trial.check("all guests with mail were confirmed", not missing, f"{len(missing)} of {len(guests.tickets)} were not")
    tickets = {*confirmed_tickets(crowd.event_id, token), *guests.tickets}
    all_sent(trial, "webhook", outside.webhooks, tickets, killing.held.get("deliver", set()))
    all_sent(trial, "mail", outside.mail, set(guests.tickets.values()), killing.held.get("mail", set()))


def all_sent(trial: Trial, kind: str, inbox: Inbox, wanted: set[str], held: set[str]) -> None:
    """Says whether there was one about each, and whether those came again that were not answered."""
    # One that came again was claimed by the process that was killed, and that claim has to run out first.
    wait_until(lambda: wanted <= inbox.about and all(inbox.times[name] > 1 for name in held), seconds=SENT_SECONDS)
    missing = wanted - inbox.about
    trial.check(
        f"a {kind} about each confirmed ticket", wanted and not missing, f"{len(missing)} of {len(wanted)} missing"
    )
    again = [name for name in held if inbox.times[name] > 1]
    detail = f"{len(again)} of {len(held)} came again"
    trial.check(f"each {kind} that was on its way at the kill came again", held and len(again) == len(held), detail)


def cut(trial: Trial, deployment: Deployment, token: str, _: Outside) -> None:
    """A worker, PostgreSQL, then Valkey lose their way to the stores' network, for ten seconds each."""
    answered: list[int] = []

    def act(crowd: Rehearsal) -> None:
        for service in ("worker", "postgres", "valkey"):
            answered.append(crowd.answered())
            with cut_off(deployment, service):
                time.sleep(CUT_SECONDS)  # how long the cut lasts: no waiting for something
            answered.append(crowd.answered())

    name = "cut off (a worker, PostgreSQL, Valkey): every 202 decided once"
    under_a_rehearsal(trial, deployment, name, token=token, people=PEOPLE // 2, rate=RATE, act=act)
    during = len(answered) == 6 and answered[-2] < PEOPLE // 2
    trial.check("all were cut off while people registered", during, f"answered before and after: {answered}")
    bad = deployment.wait_healthy(RECOVERY_SECONDS, afresh=True)
    trial.check("all are healthy after the cuts", not bad, ", ".join(bad))


@contextlib.contextmanager
def cut_off(deployment: Deployment, service: str) -> Iterator[None]:
    """A service's first container is not in the stores' network."""
    network, container = f"{deployment.project}_stores", deployment.containers(service)[0]
    run("docker", "network", "disconnect", network, container)
    try:
        yield
    finally:
        run("docker", "network", "connect", f"--alias={service}", network, container)
