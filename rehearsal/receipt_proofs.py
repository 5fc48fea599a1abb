"""Proofs about receipts, from what the stand-alone verifier found of them in the log. Pure, like the other proofs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rehearsal.evidence import Evidence, short


def every_202_has_its_receipt(evidence: Evidence) -> Iterator[str]:
    """Each 202 has a receipt, signed before the decision."""
    for result in evidence.accepted:
        if not result.receipt:
            yield f"{short(result.ticket_id)} was admitted without a receipt"


def every_receipt_was_kept(evidence: Evidence) -> Iterator[str]:
    """The stand-alone verifier found each of them in the log as it was signed, and nothing wrong with the log."""
    seen, given = evidence.seen.receipts, sum(1 for result in evidence.accepted if result.receipt)
    assert seen is not None, "only with --receipts"
    if seen.problem:
        yield f"the log is not as it must be: {seen.problem}"
    yield from seen.broken
    if not seen.broken and seen.kept != given:
        yield f"{seen.kept} of {given} receipts are in the log"


RECEIPT_PROOFS: list[tuple[str, Callable[[Evidence], Iterator[str]]]] = [
    ("Every 202 has its receipt", every_202_has_its_receipt),
    ("Every receipt was kept", every_receipt_was_kept),
]
