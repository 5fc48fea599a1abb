"""What the OpenAPI document says of a text is true of every text that the service accepts; what is said of times."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework import serializers

from events.api.fields import MomentField
from events.api.lists import moment
from events.domain.text import LINE_PATTERN, TEXT_PATTERN, clean_line, clean_text
from events.domain.tickets import CHECK_IN_CODE_PATTERN, REFERENCE_PATTERN, TICKET_ID_PATTERN, Tickets
from events.domain.webhooks.url import check_url, url_pattern

SECRET = "only-for-tests-" + "k" * 40


def accepted(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except ValueError:
        return False
    return True


@given(text=st.text())
@example(text="\u200b a\u0301 \u00a0")
@example(text="a\ufdd0")
@example(text="a\u0085b")
@example(text=" ")
def test_a_line_that_is_accepted_matches_its_pattern(text: str) -> None:
    if accepted(clean_line, text):
        assert re.search(LINE_PATTERN, text)


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "\x00", "a\x7f", "a\u2028b", "a\uffff"])
def test_what_a_pattern_can_tell_it_tells_of_lines(text: str) -> None:
    assert not accepted(clean_line, text)
    assert not re.search(LINE_PATTERN, text)


@given(text=st.text(st.sampled_from("ab\t\n\r\x0b\x00\u2028\x85\u00e9")))
def test_a_text_matches_its_pattern_exactly_if_it_is_accepted(text: str) -> None:
    checked = accepted(partial(clean_text, longest=10_000), text)
    inside = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
    assert checked == bool(re.search(TEXT_PATTERN, inside))


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.org", "https://example.org/", "https://a.b-c.example:8443/hook?x=1", "https://8.8.8.8/h"),
        *("https://[2606:4700::1111]/", "https://my_host.example.org./", "https://example.org?x=a@b"),
        *("http://example.org/", "https://example.org/#x", "https://a b.example", "https://u@example.org/", "https:/x"),
        *("", "example.org", "https://", "https://-a.example.org", "ftp://example.org", "https://example.org/\\"),
        *("https://localhost/", "http://127.0.0.1:9000/h", "http://receiver/h"),
    ],
)
@pytest.mark.parametrize("private", [True, False])
def test_a_url_matches_its_pattern_exactly_if_it_is_accepted(url: str, private: bool) -> None:
    checked = accepted(partial(check_url, allow_private=private), url)
    assert checked == bool(re.search(url_pattern(allow_private=private), url)), url


def test_names_of_tickets_match_their_patterns() -> None:
    tickets = Tickets(SECRET)
    ticket_id = tickets.ticket_id(event_id=7, key=tickets.mint())
    assert re.search(TICKET_ID_PATTERN, ticket_id)
    assert re.search(CHECK_IN_CODE_PATTERN, tickets.check_in_code_of(ticket_id))
    assert re.search(REFERENCE_PATTERN, ticket_id[:10])
    assert not re.search(TICKET_ID_PATTERN, f"{ticket_id}x")


_YEARS = "The year must lie between 1970 and 9998."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0001-01-01T00:00:00+14:00", _YEARS),
        ("9999-12-31T23:59:59-14:00", _YEARS),
        ("9999-01-01T00:00:00Z", _YEARS),
        ("1969-12-31T23:59:59Z", _YEARS),
        ("2030-01-01T00:00:00", "The time needs an offset, as in 2026-11-23T12:00:00+00:00."),
        ("tomorrow", "This must be a time such as 2026-11-23T12:00:00+00:00."),
    ],
)
def test_a_time_is_refused_for_what_is_wrong_with_it_in_bodies_and_queries_alike(text: str, sentence: str) -> None:
    with pytest.raises(serializers.ValidationError) as in_body:
        MomentField().run_validation(text)
    assert in_body.value.args == (sentence,)
    with pytest.raises(ValueError, match="^" + re.escape(sentence) + "$"):
        moment(text)
