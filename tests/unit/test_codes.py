"""Access codes: how they are made, read as people write them, hinted, digested and counted."""

from __future__ import annotations

import pytest

from events.admission.seats_text import read_seats
from events.domain.codes import (
    ALPHABET,
    CODE_MAX,
    CodeUses,
    check_new_code,
    hint_of,
    new_code,
    normalise_code,
)
from events.domain.tickets import Tickets


def test_a_new_code_cannot_be_guessed_and_has_no_letter_that_looks_like_another() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert not set("01ILO") & set(ALPHABET)
    codes = {new_code() for _ in range(2000)}
    assert len(codes) == 2000
    assert {letter for code in codes for letter in code} == {*ALPHABET, "-"}
    # What the hint leaves out is still more than 60 bits.
    plain = normalise_code(next(iter(codes)))
    assert len(ALPHABET) ** (len(plain) - len(hint_of(plain))) > 2**60


@pytest.mark.parametrize(
    "written",
    ["K7MQ-2XZP", "k7mq2xzp", " K7MQ 2XZP\n", "K7MQ\u20132XZP", "Ｋ７ＭＱ\u00a0２ＸＺＰ", "K7\u200bMQ\u20112XZP"],
)
def test_a_code_is_the_same_however_it_is_written(written: str) -> None:
    assert normalise_code(written) == "K7MQ2XZP"


def test_letters_of_every_script_are_compared_without_case() -> None:
    assert normalise_code("straße") == normalise_code("STRASSE")
    assert check_new_code("Ωmega27") == normalise_code("ωMEGA27")


@pytest.mark.parametrize("text", ["x" * 1000, "x" * (CODE_MAX + 1), "SPRING\0", "SPR\ud800NG", "SPR\x07NG"])
def test_a_text_that_cannot_be_a_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="A code has"):
        normalise_code(text)


@pytest.mark.parametrize("text", ["", "abc", "---", "SPR!NG", "a b c", "SPRING;", "=1+1+1"])
def test_a_code_of_ones_choice_has_letters_and_digits_and_not_too_few(text: str) -> None:
    with pytest.raises(ValueError, match="4 to 64 letters and digits"):
        check_new_code(text)


def test_a_hint_says_a_quarter_of_a_code_at_most() -> None:
    assert [hint_of("A" * length) for length in (4, 7, 8, 11, 12, 64)] == ["A", "A", "AA", "AA", "AAA", "AAA"]


def test_a_code_has_another_digest_in_each_event_and_under_each_secret() -> None:
    old, new = Tickets("old"), Tickets("new", "old")
    assert old.code_digests(7, "SPRING") == new.code_digests(7, "SPRING")[1:]
    digests = {*new.code_digests(7, "SPRING"), *new.code_digests(8, "SPRING"), *new.code_digests(7, "SUMMER")}
    assert len(digests) == 6
    assert all(len(digest) == 12 for digest in digests)


def test_what_a_code_lets_in_is_counted_with_each_place_that_is_given_and_lost() -> None:
    uses = CodeUses({5: 3})
    assert uses.suffice(5, 3)
    uses.count(5, 2)
    assert (uses.suffice(5, 1), uses.suffice(5, 2)) == (True, False)
    uses.count(5, -2)
    uses.count(0, -1)  # a ticket without a code
    assert uses.suffice(5, 3)
    assert uses.moved == {5: 0}
    assert not uses.suffice(6, 1)


def test_what_is_stored_about_seats_names_the_code_last() -> None:
    assert read_seats("q2t7001k55")[:] == (2, 7001, None, 55)
    assert read_seats("k55")[:] == (1, 0, None, 55)
