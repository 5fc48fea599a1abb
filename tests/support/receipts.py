"""Receipts in memory, signed by the service's code."""

from __future__ import annotations

import json
from typing import Any

from events.domain.decision_log.notes import NoteSigner
from events.domain.decision_log.receipts import ReceiptSigner, Statement, statement

SEED = bytes(range(32))
SIGNER = ReceiptSigner("example.org", SEED)
LOG = NoteSigner("example.org/events/7/log", SEED)
PUBLIC = NoteSigner("any", SEED)._public


def ticket(number: int) -> str:
    """The id of a ticket."""
    return f"7-{number:020}"


def said(number: int, sequence: int | None = None, event: int = 7) -> Statement:
    """What the service says of a ticket that it admits."""
    place = number if sequence is None else sequence
    return statement(event, ticket(number).encode(), place, 1_900_000_000_000 + number)


def receipts(*statements: Statement, signer: ReceiptSigner = SIGNER) -> list[dict[str, Any]]:
    """The receipts of statements that are signed together."""
    return [json.loads(one) for one in signer.sign(statements)]
