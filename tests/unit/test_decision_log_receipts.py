"""Receipts: their bytes and paths, and who can sign them."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from events.domain.decision_log.merkle import Tree, inclusion_proof, leaf_hash, range_hash
from events.domain.decision_log.notes import BadNote, NoteSigner, NoteVerifier, read_checkpoint
from events.domain.decision_log.receipts import tree_of
from tests.support.receipts import LOG, PUBLIC, SEED, receipts, said, ticket
from verify.omnify_verify import (
    NAMES,
    NO_KEY,
    Broken,
    Unreadable,
    key_id,
    open_checkpoint,
    open_receipt,
    read_key,
    read_receipts,
    root_by,
)


def test_the_bytes_of_a_statement_are_those_of_the_published_rules() -> None:
    leaf = said(5).packed
    commitment = sha256(ticket(5).encode()).digest()
    times = (5).to_bytes(8) + (1_900_000_000_005).to_bytes(8)
    assert leaf == bytes([128]) + (7).to_bytes(8) + commitment + times


def test_no_entry_of_a_log_begins_like_a_statement() -> None:
    assert said(1).packed[0] not in range(len(NAMES))


@given(st.integers(1, 70))
def test_paths_and_root_are_those_of_the_logs_tree(size: int) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    root, paths = tree_of(leaves)

    def nodes(level: int, index: int) -> bytes:
        return Tree().append(leaves[index << level : (index + 1) << level])[0].root

    assert root == range_hash(0, size, nodes)
    for index, path in enumerate(paths):
        proof = inclusion_proof(index, size, nodes)
        assert path == [one.hex() for one in proof]
        assert root_by(leaves[index], index, size, proof) == root


@pytest.mark.parametrize("size", [1, 2, 3, 8, 57])
def test_every_receipt_of_a_batch_stands_alone(size: int) -> None:
    told = receipts(*(said(number) for number in range(1, size + 1)))
    for number, one in enumerate(told, 1):
        found = open_receipt("x", one, {PUBLIC})
        assert (found.event_id, found.sequence, found.requested) == (7, number, 1_900_000_000_000 + number)
        assert found.ticket == sha256(ticket(number).encode()).digest()
    assert len({one["note"] for one in told}) == 1


def test_the_same_statements_give_the_same_receipts() -> None:
    assert receipts(said(1), said(2)) == receipts(said(1), said(2))


def test_one_tree_may_hold_statements_of_several_events() -> None:
    mine, other = receipts(said(1), said(1, event=8))
    assert (open_receipt("x", mine, {PUBLIC}).event_id, open_receipt("x", other, {PUBLIC}).event_id) == (7, 8)


def test_a_note_of_receipts_is_never_taken_for_a_checkpoint() -> None:
    [told] = receipts(said(1))
    with pytest.raises(BadNote):
        read_checkpoint(told["note"])
    with pytest.raises(BadNote):
        NoteVerifier(LOG.verifier_key).open(told["note"])
    with pytest.raises(Broken, match="no checkpoint"):
        open_checkpoint(told["note"], read_key(LOG.verifier_key))


def test_a_checkpoint_is_never_taken_for_a_note_of_receipts() -> None:
    [told] = receipts(said(1))
    root = leaf_hash(said(1).packed)
    for text in ("example.org/events/7/log\n1", "example.org/receipts\n1", "example.org/events/7/log\nreceipts 1"):
        name = text.split("\n")[0]
        note = NoteSigner(name, SEED).sign(f"{text}\n{b64encode(root).decode()}\n")
        with pytest.raises(Broken):
            open_receipt("x", {**told, "note": note}, {PUBLIC})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("event_id", 8), ("event_id", "7"), ("event_id", -1), ("sequence", 2), ("sequence", None)),
        *(("commitment", "00" * 32), ("commitment", "00"), ("commitment", 5)),
        *(("requested_at", "2030-03-17T17:46:40.002+00:00"), ("requested_at", "soon"), ("requested_at", "2030-01-01")),
        *(("index", 1), ("index", -1), ("inclusion", []), ("inclusion", ["zz"]), ("inclusion", ["00" * 32] * 2)),
        *(("note", ""), ("note", None), ("note", "a\nreceipts 3\nAAAA\n\n\u2014 a AAAA\n")),
    ],
)
def test_a_receipt_that_was_changed_is_none(field: str, value: Any) -> None:
    told, *_ = receipts(said(1), said(2), said(3))
    with pytest.raises(Broken):
        open_receipt("x", {**told, field: value}, {PUBLIC})
    with pytest.raises(Broken):
        open_receipt("x", {name: one for name, one in told.items() if name != field}, {PUBLIC})


@pytest.mark.parametrize("written", ["{one}", "[{one}]", "{one}\n{one}\n", "\n{one}\n\n"])
def test_receipts_are_read_alone_in_a_list_or_one_a_line(tmp_path: Path, written: str) -> None:
    file, [one] = tmp_path / "kept.json", receipts(said(1))
    file.write_text(written.replace("{one}", json.dumps(one)), "utf-8")
    found = read_receipts(file)
    assert [told for _, told in found] == [one] * written.count("{one}")
    assert found[0][0] == f"{file} (1)"


@pytest.mark.parametrize("written", ["", "[]", "no", "5", '["a"]', "{}\nno"])
def test_what_is_no_file_of_receipts_cannot_be_read(tmp_path: Path, written: str) -> None:
    file = tmp_path / "kept.json"
    file.write_text(written, "utf-8")
    with pytest.raises(Unreadable):
        read_receipts(file)


def test_no_one_can_sign_under_the_bytes_that_say_that_there_is_no_key() -> None:
    """They are a point of order 4, so that every fourth text has a signature that anyone can make."""
    forged = 0
    for number in range(50):
        root = leaf_hash(said(number).packed)
        text = f"example.org/receipts\nreceipts 1\n{b64encode(root).decode()}\n"
        signature = bytes([1]) + bytes(63)
        try:
            Ed25519PublicKey.from_public_bytes(NO_KEY).verify(signature, text.encode())
        except InvalidSignature:
            continue
        forged += 1
        signed = b64encode(key_id("example.org/receipts", NO_KEY) + signature).decode()
        [told] = receipts(said(number))
        with pytest.raises(Broken):
            note = f"{text}\n\u2014 example.org/receipts {signed}\n"
            open_receipt("x", {**told, "note": note}, {NO_KEY})
    assert forged
