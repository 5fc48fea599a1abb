"""Receipts as holders keep them, and a log as a third party keeps it: what the stand-alone verifier is run on."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from events.domain.decision_log.notes import NoteSigner
from events.models import Event
from events.secrets import receipt_signer, tickets
from omnify.loader import LedgerLoader
from tests.support.in_process.api import ANYONE
from tests.support.in_process.door import Visitor, visit
from tests.support.servers import Services
from verify.omnify_verify import WIDTH, Receipt, bundle_path, open_receipt

VERIFIER = Path(__file__).parents[3] / "verify" / "omnify_verify.py"
PUBLIC = NoteSigner("any", bytes(range(32)))._public


def at_the_door(servers: Services, client: Any, scene: Callable[[Visitor], Any]) -> Any:
    """Runs a scene at a door that signs receipts, and names tickets as the log does."""
    loader = LedgerLoader(client)
    return visit(servers, scene, loader=loader, secrets=tickets(), receipts=receipt_signer())


async def receipt_of(visitor: Visitor, event: Event, number: int, **headers: str) -> dict[str, Any]:
    """Registers, and returns the receipt, which names ticket, event and time as the response does."""
    status, sent, body = await visitor.register(event.pk, number, prefer="receipt", **headers)
    assert (status, sent["preference-applied"]) == (202, "receipt")
    told: dict[str, Any] = body["data"]["receipt"]
    opened = opened_of(told)
    assert (opened.event_id, opened.ticket) == (event.pk, sha256(body["data"]["ticket_id"].encode()).digest())
    assert told["requested_at"] == body["data"]["requested_at"]
    return told


def opened_of(told: dict[str, Any]) -> Receipt:
    """Returns what a receipt says. Raises Broken if it is not signed."""
    return open_receipt("", told, {PUBLIC})


async def receipts_of(visitor: Visitor, event: Event, count: int) -> list[dict[str, Any]]:
    """Registers guests at once, and returns their receipts."""
    return list(await asyncio.gather(*(receipt_of(visitor, event, number) for number in range(count))))


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
