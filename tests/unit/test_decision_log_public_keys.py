"""Public keys under which anyone can sign, or that are written in a second way: no reader takes one."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest

from events.domain.decision_log.notes import BadNote, NoteVerifier, public_key
from events.domain.decision_log.public_keys import proves
from events.domain.decision_log.witness import Witness, read_witness
from tests.support.forged_notes import FORGED, NAME, forged_note, forged_text
from verify.omnify_verify import Broken, key_id, open_checkpoint, witness_problem

P = 2**255 - 19
SIGN = 1 << 255  # of x
Y = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
EIGHT = [1, P - 1, 0, SIGN, Y, Y | SIGN, P - Y, (P - Y) | SIGN]
# The same points, written in another way: y with the prime added, or a sign where x is 0.
AGAIN = [P, P | SIGN, P + 1, (P + 1) | SIGN, 1 | SIGN, (P - 1) | SIGN]
WEAK = [number.to_bytes(32, "little") for number in (*EIGHT, *AGAIN)]


@pytest.mark.parametrize("key", WEAK, ids=bytes.hex)
def test_a_checkpoint_that_anyone_could_sign_is_not_signed(key: bytes) -> None:
    note = forged_note(key)
    with pytest.raises(Broken):
        open_checkpoint(note, key)
    with pytest.raises(BadNote):
        NoteVerifier(f"{NAME}+{key_id(NAME, key).hex()}+{b64encode(bytes([1]) + key).decode()}")
    assert not proves(key)


@pytest.mark.parametrize("key", WEAK, ids=bytes.hex)
def test_a_witness_as_whom_anyone_could_sign_has_not_cosigned(key: bytes) -> None:
    text = forged_text(key, "cosignature/v1\ntime 0\n{}")
    number = sha256(b"w\n\x04" + key).digest()[:4]
    line = f"\u2014 w {b64encode(number + bytes(8) + FORGED).decode()}\n"
    told = f"w+{number.hex()}+{b64encode(bytes([4]) + key).decode()}"
    assert "has not cosigned" in witness_problem(f"{text}\n{line}", told)
    with pytest.raises(BadNote):
        read_witness(f"{told} https://example.org")
    with pytest.raises(BadNote):
        Witness("w", key, "https://example.org").cosigned(text, line)


@pytest.mark.parametrize("y", [P, P + 2, 2**255 - 1])
def test_a_key_that_is_written_in_a_second_way_is_none(y: int) -> None:
    assert not proves(y.to_bytes(32, "little"))


def test_any_other_key_is_one_and_a_shorter_one_is_none() -> None:
    keys = [public_key(bytes([number]) * 32) for number in range(200)]
    assert all(map(proves, keys))
    assert not any(proves(key[:31]) for key in keys)
