"""What the stand-alone verifier said of a rehearsal's receipts."""

from __future__ import annotations

import msgspec


class ReceiptsSeen(msgspec.Struct, frozen=True):
    """How many receipts the log keeps, which it does not, and what is wrong with the log."""

    kept: int
    broken: list[str]
    problem: str = ""
