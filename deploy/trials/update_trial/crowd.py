"""Crowds through the balancer while the parts are replaced: `manage.py rehearse`, which tries every promise, again and
again, since how long the parts take depends on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.trials.orphans import DIES_WITH_THE_TRIAL
from deploy.trials.update_trial.versions import ROOT

SECONDS = 25
_LATER_SECONDS = 120
# What a crowd proves besides what every crowd does.
PROOFS = ("receipts", "webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One rehearsal: what it wrote as JSON (nothing if it could not end), its receipts, and its last line."""

    found: dict[str, Any]
    receipts: Path
    last_line: str


class Crowds:
    """Sends one crowd after the other until `last` is called: groups of up to four of three ticket types, at `rate`
    registrations a second, some of which cancel, with a waitlist, receipts and webhooks."""

    def __init__(self, *, url: str, token: str, folder: Path, rate: int, proofs: Sequence[str] = PROOFS) -> None:
        self._url, self._folder, self._rate, self._proofs = url, folder, rate, proofs
        self._env = {**os.environ, "OMNIFY_TOKEN": token}
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._rehearsed: list[Rehearsed] = []
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def last(self) -> list[Rehearsed]:
        """Waits for the end of the crowd that is there, and returns what all of them found."""
        self._over.set()
        self._thread.join()
        return self._rehearsed

    def end(self) -> None:
        """Ends the crowd, whatever it is doing. The processes that it started end with it."""
        self._over.set()
        if self._process is not None:
            self._process.kill()
        self._thread.join()

    def _send(self) -> None:
        while not self._over.is_set():
            self._rehearsed.append(self._rehearse(len(self._rehearsed)))

    def _rehearse(self, number: int) -> Rehearsed:
        result, receipts, output = (self._folder / f"crowd-{number}.{kind}" for kind in ("json", "receipts", "txt"))
        with output.open("wb") as out:
            command = [*DIES_WITH_THE_TRIAL, sys.executable, "-m", "rehearsal", *self._arguments(result, receipts)]
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=out, stderr=out)
            self._process.wait()
        lines = output.read_text("utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
        found = json.loads(result.read_bytes()) if result.exists() else {}
        return Rehearsed(found=found, receipts=receipts, last_line=lines[-1])

    def _arguments(self, result: Path, receipts: Path) -> list[str]:
        people = self._rate * SECONDS
        asked = {
            "url": self._url,
            "people": people,
            "seats": people,  # for groups of 2.5 people, so that two fifths find a seat
            "cancel": "10%",
            "waitlist": people // 4,
            "types": 3,
            "groups": "1-4",
            "rate": self._rate,
            "connections": 64,
            "time-limit": SECONDS + _LATER_SECONDS,
            "json": result,
        }
        more = {"receipts": ("--receipts", str(receipts)), "webhooks": ("--webhooks",)}
        return [
            *(part for name, value in asked.items() for part in (f"--{name}", str(value))),
            *(part for name in self._proofs for part in more[name]),
        ]
