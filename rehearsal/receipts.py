"""Receipts of a rehearsal: kept in a file as a guest would, and judged by the stand-alone verifier against the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rehearsal.receipts_seen import ReceiptsSeen
from rehearsal.records import RegistrationResult
from verify.omnify_verify import Broken, Source, Unreadable, read_receipts, verify


def keep_receipts(file: Path, results: Sequence[RegistrationResult]) -> None:
    """Writes the receipts of all 202s, one a line. Raises OSError."""
    file.write_text("".join(f"{result.receipt}\n" for result in results if result.receipt), "utf-8")


def judge_receipts(url: str, event_id: int, file: Path) -> ReceiptsSeen:
    """Has the verifier read the event's whole log, and look for each receipt of a file in it."""
    try:
        told = read_receipts(file) if file.stat().st_size else []
        found = verify(Source(url, event_id), event_id, key=None, receipts=told)
    except (Broken, Unreadable, json.JSONDecodeError) as problem:
        return ReceiptsSeen(kept=0, broken=[], problem=str(problem))
    judged = found.receipts
    return ReceiptsSeen(judged.kept, [*(text for text, _ in judged.broken), *judged.unsigned], found.problem)
