"""How a limit is written, and what a client is told of it."""

from __future__ import annotations

import pytest

from events.domain.rate_limit import Quota, RateLimit, parse_rate_limit


def test_a_limit_is_a_count_and_a_window() -> None:
    assert parse_rate_limit("6000/minute") == RateLimit(6000, 60)
    assert parse_rate_limit(" 1/Second ") == RateLimit(1, 1)
    assert parse_rate_limit("999999999/hour") == RateLimit(999_999_999, 3600)
    assert parse_rate_limit("OFF") is None


@pytest.mark.parametrize(
    "text", ["", "0", "0/minute", "6000", "-1/minute", "1.5/minute", "6000/day", "1000000000/hour"]
)
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="6000/minute"):
        parse_rate_limit(text)


def test_the_fields_are_structured_as_the_draft_says() -> None:
    assert RateLimit(6000, 60).policy == '"register";q=6000;w=60'
    assert RateLimit(30, 60, "refusals").policy == '"refusals";q=30;w=60'
    assert Quota(left=0, seconds=12).field("register") == '"register";r=0;t=12'
