"""Receipts beside a log that proves nothing: what the stand-alone verifier says of them then."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from events.domain.decision_log.merkle import Tree, leaf_hash
from events.domain.decision_log.notes import NoteSigner
from events.domain.decision_log.receipts import ReceiptSigner, Statement, statement
from verify.omnify_verify import Source, Verdict, read_key, report, verify

SEED, OTHER_SEED = bytes(range(32)), bytes(32)
LOG = NoteSigner("example.org/events/7/log", SEED)
OVER = 2_000_000_000_000  # the end of the event, far away
BUNDLE = "tile/entries/000.p/3"


def said(number: int, sequence: int | None = None) -> Statement:
    ticket = f"7-{number:020}".encode()
    return statement(7, ticket, number if sequence is None else sequence, 1_900_000_000_000 + number)


def receipts(*statements: Statement, seed: bytes = SEED) -> list[dict[str, Any]]:
    return [json.loads(one) for one in ReceiptSigner("example.org", seed).sign(statements)]


def entries() -> list[bytes]:
    """Those of an event without seats, whose only registration has sequence 3 and is sold out."""
    begin = bytes([0, 1]) + (7).to_bytes(8) + bytes(8) + read_key(LOG.verifier_key)
    terms = bytes([1]) + b"".join(one.to_bytes(8) for one in (0, OVER, OVER)) + bytes(7) + b"\0\1" + bytes(10)
    sent = said(3)
    times = b"".join(one.to_bytes(8) for one in (sent.sequence, sent.requested_ms, OVER))
    return [begin, terms, bytes([2, 4, 0, 1, 0, 0]) + times + sent.commitment + bytes(16)]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A log in a folder, as the verifier reads it."""
    root = Tree().append([leaf_hash(one) for one in entries()])[0].root
    text = f"example.org/events/7/log\n3\n{b64encode(root).decode()}\n"
    bundle = tmp_path / BUNDLE
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(b"".join(len(one).to_bytes(2) + one for one in entries()))
    (tmp_path / "checkpoint").write_text(LOG.sign(text), "utf-8")
    (tmp_path / "key").write_text(LOG.verifier_key, "utf-8")
    return tmp_path


def verified(folder: Path, told: list[dict[str, Any]], key: str | None = None) -> Verdict:
    return verify(Source(str(folder), 7), 7, key=key, receipts=[("kept.json", one) for one in told])


def test_a_receipt_is_judged_by_entries_that_were_signed(saved: Path) -> None:
    found = verified(saved, receipts(said(2), said(3)))
    assert (found.problem, found.receipts.kept, found.receipts.unjudged) == ("", 1, 0)
    [(text, _)] = found.receipts.broken
    assert "the log goes on to sequence 3 without it" in text


def test_entries_that_are_not_those_that_were_signed_prove_nothing_of_a_receipt(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = saved / BUNDLE
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"\1")
    told = receipts(said(2), said(3), said(5, sequence=9), said(6, sequence=9))
    found = verified(saved, told)
    assert "not those that the checkpoint was signed for" in found.problem
    assert (found.receipts.kept, found.receipts.unjudged) == (0, 4)
    # These two need no log.
    [(text, proof)] = found.receipts.broken
    assert (text, proof) == ("two tickets were promised sequence 9 of event 7", "kept.json and kept.json, alone")
    assert report(found) == 1
    assert "receipts: 4 not judged" in capsys.readouterr().out


def test_a_log_under_another_key_than_the_trusted_one_proves_nothing_of_a_receipt(saved: Path) -> None:
    trusted = NoteSigner("any", OTHER_SEED)
    told = [*receipts(said(2), seed=OTHER_SEED), *receipts(said(2))]
    found = verified(saved, told, key=trusted.verifier_key)
    assert "begun under another key" in found.problem
    assert (found.receipts.unjudged, found.receipts.broken, found.receipts.unsigned) == (2, [], [])


def test_a_receipt_under_a_key_that_is_not_known_is_none_only_where_the_log_names_all_keys(saved: Path) -> None:
    told = receipts(said(3), seed=bytes(31) + b"\1")
    assert len(verified(saved, told).receipts.unsigned) == 1
    bundle = saved / BUNDLE
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"\1")
    found = verified(saved, told)
    assert (found.receipts.unjudged, found.receipts.unsigned) == (1, [])
