"""What comes in through the published port: single requests, and rehearsals."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.trials.compose_trial.images import ROOT
from deploy.trials.orphans import DIES_WITH_THE_TRIAL

ADDRESS = "http://127.0.0.1:8000"


@dataclass(slots=True)
class Answer:
    """A status (0: there was no answer), the body's `code`, and the whole body."""

    status: int
    code: str
    body: dict[str, Any]
    headers: dict[str, str]


def ask(method: str, path: str, body: object = None, *, token: str = "", seconds: float = 10) -> Answer:
    """One request to the published port."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ADDRESS}{path}", data, headers, method=method)  # noqa: S310 - a constant scheme
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 - a constant scheme
            return _read(answer.status, answer.read(), dict(answer.headers.items()))
    except urllib.error.HTTPError as answer:
        with answer:
            return _read(answer.code, answer.read(), dict(answer.headers.items()))
    except OSError:
        return Answer(0, "", {}, {})


def _read(status: int, raw: bytes, headers: dict[str, str]) -> Answer:
    try:
        body = json.loads(raw)
    except ValueError:
        body = {}
    return Answer(status, str(body.get("code", "")), body, headers)


def confirmed_tickets(event_id: int, token: str) -> set[str]:
    """The tickets on the list of an event's attendees."""
    found: set[str] = set()
    page: int | None = 1
    while page:
        data = ask("GET", f"/events/{event_id}/attendees?page={page}&page_size=100", token=token).body["data"]
        found.update(entry["ticket_id"] for entry in data["results"])
        page = page + 1 if page < data["total_pages"] else None
    return found


class Rehearsal:
    """`manage.py rehearse` from the host, against the published port, beside whatever the trial does meanwhile."""

    def __init__(self, *, token: str, folder: Path, people: int, seats: int = 0, rate: int = 0) -> None:
        self._json = folder / "rehearsal.json"
        self._json.unlink(missing_ok=True)
        seats = seats or people  # so that the proofs say of each what became
        command = [
            *(*DIES_WITH_THE_TRIAL, sys.executable, "-m", "rehearsal", "--url", ADDRESS, "--patience", "180"),
            *("--people", str(people), "--seats", str(seats), "--waitlist", str(people // 20), "--cancel", "5%"),
            *("--processes", "1", "--connections", "32", "--time-limit", "400", "--json", str(self._json)),
            *(["--rate", str(rate)] if rate else []),
        ]
        self._log = folder / "rehearsal.log"
        with self._log.open("wb") as log:
            environment = {**os.environ, "OMNIFY_TOKEN": token}  # an argument could be read by every user
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def begun(self) -> bool:
        """Whether registrations are being answered."""
        return not self.running or self.answered() > 0

    def answered(self) -> int:
        """How many of them have their answer, by the last line that it printed."""
        counts = re.findall(r"answered (\d+)/", self._log.read_text("utf-8", "replace"))
        return int(counts[-1]) if counts else 0

    def stop(self) -> None:
        """Ends it, if it still runs."""
        if self.running:
            self._process.kill()
        self._process.wait()

    @property
    def event_id(self) -> int:
        """The event that it made; only after `result`."""
        return int(json.loads(self._json.read_text("utf-8"))["event_id"])

    def result(self, seconds: float = 420) -> tuple[bool, str]:
        """Whether every proof held, and one line about it."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            return False, f"not done after {seconds:.0f} s"
        if not self._json.exists():
            return False, f"exit code {code}: {self._log.read_text('utf-8', 'replace')[-300:]}"
        seen = json.loads(self._json.read_text("utf-8"))
        proofs, figures = seen["proofs"], seen["figures"]
        broken = [f"{proof['name']}: {proof['detail']}" for proof in proofs if not proof["ok"]]
        again = ", ".join(f"{count} x {cause}" for cause, count in figures["retries"].items()) or "none"
        line = f"{len(proofs) - len(broken)} of {len(proofs)} proofs, {figures['accepted']} x 202, tried again: {again}"
        return code == 0, "; ".join([line, *broken])
