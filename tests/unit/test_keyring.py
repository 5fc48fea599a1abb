"""The service's secrets: a key for each purpose, and marks that say which secret made a thing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from events.domain.keyring import MARK_CHARS, Keyring, Purpose, mark_of, subkey
from events.domain.webhooks.message import MessageIds
from events.domain.webhooks.sealing import CannotOpen, Sealer

ROOT = Path(__file__).resolve().parent.parent.parent
NEW, OLD, OLDEST = (letter * 40 for letter in "nop")


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = {subkey(secret, purpose) for secret in (NEW, OLD) for purpose in Purpose}
    assert len(keys) == 2 * len(Purpose)
    assert all(len(purpose.value) <= 16 for purpose in Purpose)


def test_keys_are_what_they_were_for_what_has_been_given_out() -> None:
    """Changing one would make every ticket, or every sealed secret, of a running service unknown."""
    assert subkey("s" * 40, Purpose.TICKET_MAC).hex()[:16] == "256515f2d8af05f6"
    assert subkey("s" * 40, Purpose.WEBHOOK_SECRETS).hex()[:16] == "ea357bb9e5ae66fd"
    assert subkey("s" * 40, Purpose.MESSAGE_IDS).hex()[:16] == "c641aa7650bc49e0"
    assert mark_of("s" * 40) == "te6a"


def test_nothing_else_derives_a_key_from_a_secret() -> None:
    """A second place could use a label twice."""
    sources = [path for folder in ("events", "omnify", "worker") for path in (ROOT / folder).rglob("*.py")]
    deriving = [path.name for path in sources if re.search(r"\bperson=|\bhkdf\b|pbkdf2", path.read_text("utf-8"))]
    assert deriving == ["keyring.py"]


def test_a_mark_names_a_secret_and_an_unknown_one_the_current() -> None:
    ring = Keyring(str.upper, (NEW, OLD, OLDEST))
    assert len(ring.mark) == MARK_CHARS
    assert [ring.under(mark_of(secret)) for secret in (NEW, OLD, OLDEST)] == list(ring)
    assert (ring.under(None), ring.under("none"), ring.under("")) == (NEW.upper(), NEW.upper(), OLDEST.upper())
    assert Keyring(str.upper, (NEW,)).under("") == NEW.upper()


def test_what_an_older_secret_sealed_is_opened_and_sealed_anew_once() -> None:
    before, after = Sealer(OLD).seal("text"), Sealer(NEW, OLD)
    assert after.open(before) == "text"
    fresh = after.reseal(before)
    assert fresh is not None
    assert Sealer(NEW).open(fresh) == "text"
    assert after.reseal(fresh) is None
    for text in (Sealer(OLDEST).seal("text"), "damaged"):
        with pytest.raises(CannotOpen):
            after.open(text)
        with pytest.raises(CannotOpen):
            after.reseal(text)


def test_a_message_keeps_its_id_when_the_secret_changes() -> None:
    assert MessageIds(NEW, OLD).of(7, mark_of(OLD)) == MessageIds(OLD).of(7, mark_of(OLD)) == MessageIds(OLD).of(7)
    assert MessageIds(NEW, OLD).of(7, mark_of(NEW)) == MessageIds(NEW).of(7)
