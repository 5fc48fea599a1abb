"""The volume of each store is full, and then has room again. The volumes are small file systems (ext4 in a file).

Who registers meanwhile is told 503 `unavailable`, or gets a 202 that holds.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import count
from pathlib import Path

from deploy.trials.compose_trial.crowd import ask
from deploy.trials.compose_trial.deployment import Deployment
from deploy.trials.compose_trial.engine import Failed, run
from deploy.trials.compose_trial.outside import Outside
from deploy.trials.report import CannotTry, Trial, wait_until

MEGABYTES = {"queue": 48, "ledger": 220}
STORES = {"queue": "valkey", "ledger": "postgres"}
FULL_SECONDS = 20
RECOVERY_SECONDS = 180
GUESTS = 20
UNAVAILABLE = "503 unavailable"
EVENT = {
    "name": "Full volume",
    "location": "Here",
    "max_capacity": 100_000,
    "start_time": "2037-06-01T18:00:00Z",
    "end_time": "2037-06-01T22:00:00Z",
    "mail": False,
}


def full_volume(trial: Trial, deployment: Deployment, _token: str, _: Outside) -> None:
    """The queue's volume, then the ledger's, on a deployment of its own."""
    if shutil.which("mkfs.ext4") is None:
        raise CannotTry("there is no mkfs.ext4")
    deployment.down()
    disks = {name: _small_disk(deployment, name, megabytes) for name, megabytes in MEGABYTES.items()}
    lines = [f"  {name}: {{driver_opts: {{type: none, o: bind, device: {folder}}}}}" for name, folder in disks.items()]
    (deployment.folder / "small.yml").write_text("volumes:\n" + "\n".join(lines) + "\n", "utf-8")
    small = Deployment(deployment.engine, deployment.folder, deployment.command, project="omnify-small")
    small.make_env({"COMPOSE_FILE": "docker-compose.yml:small.yml", "OMNIFY_PUBLISH": "127.0.0.1:8000"})
    small.make_env({"OMNIFY_PUBLISH_OPERATIONS": "127.0.0.1:9000"})
    try:
        small.up()
        bad = small.wait_healthy()
        trial.check("small volumes: all are healthy", not bad, ", ".join(bad))
        guests = _Guests(small.organizer_token())
        for name, folder in disks.items():
            _fill(trial, small, guests, store=STORES[name], folder=folder)
    finally:
        small.down()
        deployment.make_env({"COMPOSE_FILE": "docker-compose.yml"})


class _Guests:
    """Who registers for one event, one after the other."""

    def __init__(self, token: str) -> None:
        self._token, self._numbers = token, count()
        self._event = ask("POST", "/events", EVENT, token=token).body["data"]["id"]
        self.tickets: list[str] = []

    def register(self) -> str:
        """Returns `202`, or the status and code of a refusal."""
        name = f"Guest {next(self._numbers)}"
        body = {"name": name, "email": f"{name.replace(' ', '')}@example.org"}
        answer = ask("POST", f"/events/{self._event}/register", body, token=self._token)
        if answer.status == 202:
            self.tickets.append(answer.body["data"]["ticket_id"])
        return f"{answer.status} {answer.code}".strip()

    def undecided(self) -> list[str]:
        """The tickets that are not confirmed, with what they are."""
        statuses = [
            ask("GET", f"/registrations/{ticket}").body.get("data", {}).get("status") for ticket in self.tickets
        ]
        return [str(status) for status in statuses if status != "confirmed"]


def _fill(trial: Trial, deployment: Deployment, guests: _Guests, *, store: str, folder: Path) -> None:
    for _ in range(GUESTS):
        guests.register()
    filler = folder / "filler"
    with _full(deployment, filler):
        answers: Counter[str] = Counter()
        end = time.monotonic() + FULL_SECONDS
        while time.monotonic() < end:
            answers[guests.register()] += 1
            time.sleep(0.02)  # how fast they come
        hit = _said(deployment, store, "No space left on device")
    said = ", ".join(f"{times} x {answer}" for answer, times in answers.items())
    trial.check(f"{store} has met the end of its volume", hit)
    trial.check(f"{store}'s volume is full: people get a 202, or are told 503", are_clear(store, answers), said)
    started = time.monotonic()
    taken = wait_until(lambda: guests.register() == "202", seconds=RECOVERY_SECONDS)
    bad = deployment.wait_healthy(RECOVERY_SECONDS)
    after = f"after {time.monotonic() - started:.0f} s"
    trial.check(f"{store}'s volume has room again: all goes on", taken and not bad, ", ".join(bad) or after)
    wait_until(lambda: not guests.undecided(), seconds=RECOVERY_SECONDS, pause=1)
    left = guests.undecided()
    detail = f"{len(guests.tickets) - len(left)} of {len(guests.tickets)} confirmed; {dict(Counter(left)) or 'all'}"
    trial.check(f"{store}'s volume was full: no 202 was lost", not left, detail)


def are_clear(store: str, answers: Collection[str]) -> bool:
    """Tells whether nothing but 202 and 503 was said while this store's volume was full, and 503 if it was Valkey's."""
    return set(answers) <= {"202", UNAVAILABLE} and (store != "valkey" or UNAVAILABLE in answers)


def _said(deployment: Deployment, service: str, words: str) -> bool:
    [container] = deployment.containers(service)
    return words in run("sh", "-c", f"docker logs {container} 2>&1")


@contextlib.contextmanager
def _full(deployment: Deployment, filler: Path) -> Iterator[None]:
    """The file system of `filler` has no byte left."""
    for size in ("1M", "4k", "1"):
        with contextlib.suppress(Failed):  # it ends when nothing more fits
            deployment.engine.in_mounts("sh", "-c", f"dd if=/dev/zero bs={size} >> {filler}")
    try:
        yield
    finally:
        deployment.engine.in_mounts("rm", str(filler))


def _small_disk(deployment: Deployment, name: str, megabytes: int) -> Path:
    """Mounts an ext4 of its own, among the engine's mounts, and returns the folder for the volume."""
    disk, folder = deployment.folder / f"{name}.ext4", deployment.folder / "disks" / name
    folder.mkdir(parents=True)
    run("truncate", f"--size={megabytes}M", str(disk))
    run("mkfs.ext4", "-q", "-m0", str(disk))
    deployment.engine.in_mounts("mount", "-o", "loop", str(disk), str(folder))
    deployment.engine.in_mounts("mkdir", str(folder / "data"))
    return folder / "data"
