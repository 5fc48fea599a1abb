"""What the stand-alone verifier says of receipts beside a log: kept, waited for, or evidence against the operator."""

from __future__ import annotations

from typing import Any

from events.domain.decision_log.receipts import ReceiptSigner
from tests.support.receipts import LOG, receipts, said
from verify.omnify_verify import Checkpoint, Kept, Registered, judge, read_key

OVER = 2_000_000_000_000  # the end of the event, far away
LONG_AGO = 1_000_000_000_000


def registration(number: int, sequence: int | None = None, requested: int | None = None) -> bytes:
    sent = said(number, sequence)
    head = bytes([2, 1, 0, 1, 0, 0])
    times = (sent.sequence, sent.requested_ms if requested is None else requested, 2_000_000_000_000)
    return head + b"".join(one.to_bytes(8) for one in times) + sent.commitment + bytes(16)


def log(*written: bytes, ends: int = OVER) -> Registered:
    found = Registered()
    terms = bytes([1]) + b"".join(one.to_bytes(8) for one in (0, ends, ends)) + bytes(7) + b"\0\1" + bytes(10)
    for index, entry in enumerate((bytes(18), terms, *written)):
        found.note(index, entry)
    return found


def judged(told: list[dict[str, Any]], registered: Registered, lost: frozenset[bytes] = frozenset()) -> Kept:
    listed = [(f"kept.json ({number})", one) for number, one in enumerate(told, 1)]
    checkpoint = Checkpoint("example.org/events/7/log", 300, bytes(32))
    return judge(listed, registered, checkpoint, keys={read_key(LOG.verifier_key)}, event_id=7, lost=lost)


def broken(found: Kept) -> tuple[str, str]:
    [one] = found.broken
    return one


def test_a_receipt_of_another_operator_is_named_as_none() -> None:
    told = receipts(said(1), signer=ReceiptSigner("example.org", bytes(32)))
    found = judged(told, log(registration(1)))
    assert (found.kept, found.broken) == (0, [])
    assert "kept.json (1): the receipt is not signed by this key" in found.unsigned[0]


def test_receipts_whose_tickets_stand_where_they_were_promised_are_kept() -> None:
    found = judged(receipts(*(said(number) for number in (1, 2, 3))), log(*map(registration, (1, 2, 3))))
    assert (found.kept, found.waiting, found.broken, found.unsigned) == (3, 0, [], [])


def test_a_ticket_that_is_not_decided_yet_is_waited_for() -> None:
    found = judged(receipts(said(1), said(5)), log(registration(1), registration(4)))
    assert (found.kept, found.waiting, found.broken) == (1, 1, [])


def test_a_receipt_of_another_event_is_counted_apart() -> None:
    assert judged(receipts(said(9, event=8)), log()).foreign == 1


def test_a_ticket_that_is_missing_although_the_log_went_on_is_evidence() -> None:
    text, proof = broken(judged(receipts(said(2)), log(registration(1), registration(3))))
    assert "was promised sequence 2, and the log goes on to sequence 3 without it" in text
    assert proof == "kept.json (1), checkpoint, all of tile/entries"


def test_a_ticket_that_is_missing_when_the_event_is_over_is_evidence() -> None:
    text, _ = broken(judged(receipts(said(2)), log(registration(1), ends=LONG_AGO)))
    assert "the event is over without it" in text


def test_a_ticket_that_the_service_has_lost_is_evidence() -> None:
    lost = frozenset({said(2).commitment})
    text, _ = broken(judged(receipts(said(2)), log(registration(1)), lost))
    assert "the service has lost it" in text


def test_a_ticket_that_stands_elsewhere_is_evidence() -> None:
    text, proof = broken(judged(receipts(said(2)), log(registration(1), registration(2, sequence=8))))
    assert "was promised sequence 2, and the log has it with sequence 8" in text
    assert "tile/entries/000" in proof


def test_a_ticket_with_another_time_is_evidence() -> None:
    text, _ = broken(judged(receipts(said(2)), log(registration(2, requested=1))))
    assert "the log has it with another time" in text


def test_a_sequence_that_was_promised_twice_is_evidence_without_a_log() -> None:
    text, proof = broken(judged(receipts(said(4, sequence=9), said(5, sequence=9)), log()))
    assert text == "two tickets were promised sequence 9 of event 7"
    assert proof == "kept.json (1) and kept.json (2), alone"


def test_a_ticket_that_was_promised_two_places_is_evidence_without_a_log() -> None:
    text, _ = broken(judged(receipts(said(4, sequence=9), said(4, sequence=10)), log()))
    assert "was promised sequence 9 and 10" in text


def test_the_same_sequence_in_two_events_is_none() -> None:
    assert judged(receipts(said(4), said(4, event=8)), log()).broken == []
