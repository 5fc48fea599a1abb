"""The proofs about receipts notice each kind of broken promise."""

from __future__ import annotations

import pytest

from rehearsal.evidence import Evidence
from rehearsal.proofs import prove
from rehearsal.receipt_proofs import RECEIPT_PROOFS
from rehearsal.receipts_seen import ReceiptsSeen
from rehearsal.records import EventCounts, Observation, RegistrationResult, Stats, Ticket

IDS = [f"7-{letter * 28}" for letter in "AB"]
HAS, KEPT = (name for name, _ in RECEIPT_PROOFS)


def observed(seen: ReceiptsSeen | None, *receipts: str) -> Observation:
    results = [
        RegistrationResult(n, f"guest{n}@example.com", 202, "", one, 1.0, 2.0, 0.1, receipt=receipt)
        for n, (one, receipt) in enumerate(zip(IDS, receipts, strict=True))
    ]
    tickets = [Ticket(IDS[0], "confirmed", None, 1, 1.0, 2.0), Ticket(IDS[1], "rejected", "sold_out", 2, 1.0, 2.0)]
    counts, stats = EventCounts(1, 1, 0), Stats(0, 1, 0, {"sold_out": 1}, 0)
    return Observation(1, results, tickets, [], [], counts, stats, receipts=seen)


@pytest.mark.parametrize(
    ("seen", "receipts", "names"),
    [
        (ReceiptsSeen(2, []), ("{}", "{}"), set()),
        (ReceiptsSeen(1, []), ("{}", ""), {HAS}),
        (ReceiptsSeen(1, []), ("{}", "{}"), {KEPT}),
        (ReceiptsSeen(1, ["the ticket was promised sequence 2"]), ("{}", "{}"), {KEPT}),
        (ReceiptsSeen(2, [], "rule 5"), ("{}", "{}"), {KEPT}),
        (ReceiptsSeen(0, [], "there is no log"), ("", ""), {HAS, KEPT}),
    ],
)
def test_a_receipt_that_is_missing_or_not_kept_is_found(
    seen: ReceiptsSeen, receipts: tuple[str, str], names: set[str]
) -> None:
    evidence = Evidence(observed(seen, *receipts))
    assert {name for name, check in RECEIPT_PROOFS if list(check(evidence))} == names


def test_receipts_are_proved_only_where_they_were_asked_for() -> None:
    named = {proof.name for proof in prove(observed(None, "", ""))}
    assert not named & {HAS, KEPT}
    assert {proof.name for proof in prove(observed(ReceiptsSeen(2, []), "{}", "{}"))} == named | {HAS, KEPT}
