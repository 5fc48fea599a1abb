"""Signed notes and checkpoints: a known note of the format's authors, our own, and damaged ones."""

from __future__ import annotations

import pytest

from events.domain.decision_log.notes import BadNote, Checkpoint, NoteSigner, NoteVerifier, read_checkpoint
from verify.omnify_verify import Broken, open_checkpoint, read_key

# The example of https://pkg.go.dev/golang.org/x/mod/sumdb/note
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    TEXT + "\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = NoteSigner("example.org/events/7/log", bytes(range(32)))
CHECKPOINT = Checkpoint("example.org/events/7/log", 1234, bytes(range(32)))


def test_a_note_of_the_formats_authors_is_verified() -> None:
    assert NoteVerifier(KEY).open(NOTE) == TEXT


def test_a_checkpoint_comes_back_and_the_stand_alone_verifier_reads_it_too() -> None:
    note = SIGNER.sign(CHECKPOINT.text)
    assert read_checkpoint(NoteVerifier(SIGNER.verifier_key).open(note)) == CHECKPOINT
    found = open_checkpoint(note, read_key(SIGNER.verifier_key))
    assert (found.origin, found.size, found.root) == (CHECKPOINT.origin, CHECKPOINT.size, CHECKPOINT.root)
    assert SIGNER.sign(CHECKPOINT.text) == note


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("answer", "Answer"),
        NOTE.replace("JnAM=", "JnBM="),
        NOTE.replace("x08g", "x08h"),
        NOTE.replace("PeterNeumann", "Peter"),
        NOTE.rstrip("\n"),
        TEXT,
        "",
    ],
)
def test_a_note_that_was_changed_is_refused(note: str) -> None:
    with pytest.raises(BadNote):
        NoteVerifier(KEY).open(note)


@pytest.mark.parametrize(
    "key", ["", "name", "a+b+c", KEY.replace("c74f20a3", "c74f20a4"), KEY[:-4], KEY.replace("+AR", "+AS")]
)
def test_what_is_no_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(BadNote):
        NoteVerifier(key)


@pytest.mark.parametrize("text", ["", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\n" + "A" * 43 + "=\n", "a\n1\nAAAA\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read_checkpoint(text)


def test_a_checkpoint_of_another_size_is_not_what_was_signed() -> None:
    note = SIGNER.sign(CHECKPOINT.text).replace("1234", "1233")
    with pytest.raises(Broken, match="signature is wrong"):
        open_checkpoint(note, read_key(SIGNER.verifier_key))
