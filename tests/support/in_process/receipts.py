"""Receipts as holders keep them, and a log as a third party keeps it: what the stand-alone verifier is run on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from events.models import Event
from events.secrets import receipt_signer, tickets
from omnify.loader import LedgerLoader
from tests.support.in_process.api import ANYONE
from tests.support.in_process.door import Visitor, visit
from tests.support.servers import Services
from verify.omnify_verify import WIDTH, bundle_path

VERIFIER = Path(__file__).parents[3] / "verify" / "omnify_verify.py"


def at_the_door(servers: Services, client: Any, scene: Callable[[Visitor], Any]) -> Any:
    """Runs a scene at a door that signs receipts, and names tickets as the log does."""
    loader = LedgerLoader(client)
    return visit(servers, scene, loader=loader, secrets=tickets(), receipts=receipt_signer())


def save_log(event: Event, folder: Path) -> Path:
    """Keeps what the service shows of a log in the files that the verifier reads."""
    base = f"/events/{event.pk}/log"
    size = int(ANYONE.get(f"{base}/checkpoint").content.split(b"\n")[1])
    bundles = [bundle_path(first, min(WIDTH, size - first)) for first in range(0, size, WIDTH)]
    for path in ("checkpoint", "key", *bundles):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(ANYONE.get(f"{base}/{path}").content)
    return folder


def run_verifier(folder: Path, event: Event, receipts: Sequence[dict[str, Any]]) -> tuple[int, str]:
    """Runs the file as a third party would: without a service, and without anything of Omnify."""
    kept = folder / "receipts.json"
    kept.write_text(json.dumps(receipts), "utf-8")
    command = [sys.executable, "-I", str(VERIFIER), str(folder), str(event.pk), "--receipts", str(kept)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder)
    return done.returncode, done.stdout + done.stderr
