"""A trace behind a payload: read back, read over by the release before, and no byte where there is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.admission.entry import pack, read_entry
from events.admission.language_numbers import read_language
from events.admission.trace_blanks import CONTEXT_BYTES, read_trace, write_trace
from events.domain.commands import Request

KEY = b"k" * 20
CONTEXT = bytes(range(CONTEXT_BYTES))


def packed(language: str = "") -> str:
    return pack(name="Guest 1", email="guest1@example.org", email_digest="d" * 12, language=language)


def request(payload: bytes) -> Request:
    found = read_entry(b"7-0", {b"t": KEY, b"r": b"1000", b"p": payload}).command
    assert isinstance(found, Request)
    return found


@given(st.binary(min_size=CONTEXT_BYTES, max_size=CONTEXT_BYTES), st.sampled_from(["", "en", "de", "ja"]))
def test_what_is_written_is_read_with_the_language(context: bytes, language: str) -> None:
    found = request(write_trace(packed(language), context).encode())
    assert (found.trace, found.language, found.name) == (context, language, "Guest 1")


@pytest.mark.parametrize("language", ["", "en", "fr"])
def test_the_release_before_reads_over_it(language: str) -> None:
    payload = write_trace(packed(language), CONTEXT).encode()
    assert json.loads(payload) == json.loads(packed(language))
    # It looks at the last character, and then counts blanks from the end.
    assert (payload[-1:] == b" ") is bool(language)
    assert read_language(payload) == language


@pytest.mark.parametrize("language", ["", "en", "fr"])
def test_one_that_is_not_traced_has_none(language: str) -> None:
    found = request(packed(language).encode())
    assert (found.trace, found.language) == (b"", language)


def test_a_trace_costs_97_bytes() -> None:
    assert len(write_trace(packed(), CONTEXT)) == len(packed()) + 97


@pytest.mark.parametrize("behind", ["\n", " \n", "\t" * 96 + " ", "\t" * 95 + "\n", "\t" * 97 + "\n", "\t" * 200])
def test_other_white_space_is_not_a_trace(behind: str) -> None:
    assert read_trace((packed() + behind).encode()) == b""
    assert request((packed() + behind).encode()).name == "Guest 1"
