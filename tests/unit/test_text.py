"""Lines that people type: what is let in, and when two of them read the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain.text import clean_line, fold, pasted, spaces_are_optional

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
# Category, code points and case are what Unicode says, found without the module under test.
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]
NONCHARACTERS = ["\ufdd0", "\ufdef", *(chr(plane * 0x10000 + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))]
BLANKS = [
    *("\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u180b", "\u180e", "\u200b", "\u200c", "\u200d"),
    *("\u200e", "\u200f", "\u2060", "\u2064", "\u206f", "\u2800", "\u3000", "\u3164", "\ufe0f", "\ufeff", "\uffa0"),
    *("\ufff9", "\U000e0001", "\U000e0061", "\U000e0100", "\u00a0", "\u2003", "\u0301", "\u20dd", "\u3099"),
]


@pytest.mark.parametrize(
    "line",
    [
        *("Guest", "\u5ba2\u4eba", "\u00d3'Guest-Example 3rd", FAMILY, ENGLAND, "\u2764\ufe0f", "3\ufe0f\u20e3", "!"),
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",  # Persian, with the joiner that it needs
        "\u0939\u093f\u0928\u094d\u0926\u0940",  # Hindi: vowel signs are marks
        "\u0e17\u0e35\u0e48\u0e23\u0e31\u0e01",  # Thai: vowels and tones are marks
        "\u05d3\u05d5\u05d3\u200f!",  # Hebrew, with a mark of direction
        "\u2067\u05d3\u05d5\u05d3\u2069 & co",
        "\u202aGuest\u202c",
        "\U0001fae9",  # newer than this Python's Unicode
    ],
)
def test_a_line_that_people_write_passes_as_it_is(line: str) -> None:
    assert clean_line(line) == line


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_no_control_and_no_line_separator_is_let_in(control: str) -> None:
    for line in (f"Gu{control}est", f"Guest{control}", control):
        with pytest.raises(ValueError, match="Control characters"):
            clean_line(line)


@pytest.mark.parametrize("code", [*NONCHARACTERS, "\ud800", "\udfff"], ids=ascii)
def test_what_is_no_character_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="no character"):
        clean_line(f"Guest {code}")


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_a_line_that_shows_nothing_is_refused(blank: str) -> None:
    for line in (blank, blank * 3, f" {blank} "):
        with pytest.raises(ValueError, match=r"blank|can be seen"):
            clean_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "\u202egnp.exe",
        "\u202etxet\u202c",
        "\u202dGuest\u202c",
        "\u202aGuest",
        "Guest\u202c",
        "\u2067Guest",
        "Guest\u2069",
        "\u2067Guest\u202c",
        "\u2067\u202aGuest\u2069\u202c",
    ],
    ids=ascii,
)
def test_what_turns_the_rest_of_a_row_round_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="direction"):
        clean_line(line)


def test_a_line_is_composed_and_has_nothing_around_it() -> None:
    assert clean_line(" \u3000Jose\u0301\u00a0\ufeff") == "Jos\u00e9"


def test_length_counts_what_is_kept() -> None:
    assert len(clean_line("e\u0301" * 255)) == 255
    assert len(clean_line(" " * 300 + "x")) == 1
    for long in ("x" * 256, "\u00e9" * 256, "\u0958" * 200):  # the last grows by being composed
        with pytest.raises(ValueError, match="At most 255 characters"):
            clean_line(long)


@given(st.text(max_size=40))
def test_what_passes_is_stable_storable_and_seen(text: str) -> None:
    try:
        line = clean_line(text)
    except ValueError as problem:
        assert str(problem).endswith(".")
        return
    assert clean_line(line) == line
    assert unicodedata.is_normalized("NFC", line)
    assert line.encode().decode() == line
    assert len(line.splitlines()) == 1
    assert any(unicodedata.category(one)[0] in "LNPSC" for one in line)


@pytest.mark.parametrize(
    ("written", "found_by"),
    [
        ("M\u00fcller", "muller"),
        ("muller", "M\u00fcller"),
        ("Jos\u00e9", "Jose\u0301"),
        ("Jose\u0301", "JOS\u00c9"),
        ("\u5c71\u7530\u3000\u592a\u90ce", "\u5c71\u7530 \u592a\u90ce"),
        ("Ann  Lee", "ann\u00a0lee"),
        ("\uff21\uff4e\uff4e", "ann"),
        ("\uff76\uff9e", "\u30ac"),
        ("Gro\u00df", "GROSS"),
        ("\u00d8rsted", "orsted"),
        ("\u0141ukasz", "lukasz"),
        ("\u00c6sir", "aesir"),
        ("\u0130stanbul", "istanbul"),
        ("Diyarbak\u0131r", "diyarbakir"),
        ("O\u2019Brien", "o'brien"),
        ("Anna\u2010Lena", "anna-lena"),
        ("\u0395\u03a3", "\u03b5\u03c2"),
        ("\u0401\u043b\u043a\u0430", "\u0435\u043b\u043a\u0430"),
        ("\u0623\u062d\u0645\u062f", "\u0627\u062d\u0645\u062f"),
        ("\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u0639\u0644\u06cc\u0631\u0636\u0627"),
        ("\ufb01nal", "final"),
        ("Ann\u00adLee\u200b", "annlee"),
    ],
)
def test_two_ways_to_write_one_name_read_the_same(written: str, found_by: str) -> None:
    assert fold(written) == fold(found_by)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u304c", "\u304b"),
        ("\u30d1", "\u30cf"),
        ("\u0e17\u0e35", "\u0e17\u0e31"),
        ("\u0915\u093f", "\u0915\u0941"),
        ("Ann", "Anne"),
        ("AnnLee", "Ann Lee"),
        ("\u5c71", "\u5ddd"),
    ],
)
def test_what_people_tell_apart_stays_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(max_size=30), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_folding_is_done_once_and_knows_no_composition(text: str, form: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize(form, text)) == fold(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_says_what_the_long_one_says(text: str) -> None:
    assert f"{fold(text)} \u5ba2".strip() == fold(f"{text} \u5ba2")


def test_spaces_count_where_they_part_words() -> None:
    for text in (
        "\u5c71\u7530 \u592a\u90ce",
        "\u304a\u304b\u3060\u3055\u304f\u3089",
        "\ud64d \uae38\ub3d9",
        "\u4f50\u3005\u6728",
    ):
        assert spaces_are_optional(text), text
    for text in ("ann lee", "\u5c71\u7530 lee", "", " ", "\u0938\u0940\u0924\u093e"):
        assert not spaces_are_optional(text), text


def test_what_was_pasted_loses_what_copying_added() -> None:
    assert pasted(" omn_ab\r\ncd\u200b \u00a0ef\u2069\n") == "omn_abcdef"
