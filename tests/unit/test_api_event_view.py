"""The one rendering of an event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from events.domain.event_view import event_data
from events.domain.snapshot import EventSnapshot
from events.domain.times import from_ms, iso, iso_of, to_ms, whole_ms

OPEN, CLOSE, END = 1_000, 5_000, 9_000
EVENT = EventSnapshot(
    event_id=7,
    version=1,
    name="A",
    location="B",
    max_capacity=10,
    waitlist_capacity=0,
    confirmed_count=4,
    waitlisted_count=0,
    start_ms=8_000,
    end_ms=END,
    opens_ms=OPEN,
    closes_ms=CLOSE,
    cancelled=False,
    last_sequence=0,
)


def test_fields_come_in_the_order_of_the_contract() -> None:
    assert list(event_data(EVENT, now_ms=2_000)) == [
        "id",
        "name",
        "location",
        "max_capacity",
        "waitlist_capacity",
        "start_time",
        "end_time",
        "registration_opens_at",
        "registration_closes_at",
        "confirmed_count",
        "waitlisted_count",
        "seats_left",
        "registration_state",
        "revision",
        "updated_at",
    ]


@pytest.mark.parametrize(
    ("changes", "now_ms", "state", "left"),
    [
        ({}, OPEN - 1, "upcoming", 6),
        ({}, OPEN, "open", 6),
        ({}, CLOSE, "closed", 6),
        ({"confirmed_count": 10}, OPEN, "sold_out", 0),
        ({"confirmed_count": 10, "waitlist_capacity": 2, "waitlisted_count": 1}, OPEN, "waitlist", 0),
        ({"cancelled": True}, OPEN, "cancelled", 6),
    ],
)
def test_the_state_says_what_a_visitor_can_do(changes: dict[str, int], now_ms: int, state: str, left: int) -> None:
    data = event_data(replace(EVENT, **changes), now_ms=now_ms)
    assert (data["registration_state"], data["seats_left"]) == (state, left)


def test_times_always_show_milliseconds() -> None:
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert iso(to_ms(moment)) == iso_of(moment) == "2026-11-23T12:00:00.000+00:00"
    assert iso(to_ms(moment) + 123) == "2026-11-23T12:00:00.123+00:00"
    assert iso_of(None) is None


def test_a_time_of_another_zone_is_shown_in_utc() -> None:
    moment = datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert iso_of(moment) == "2026-11-23T10:00:00.999+00:00"


def test_a_moment_is_cut_to_milliseconds_in_utc() -> None:
    moment = datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert whole_ms(moment) == datetime(2026, 11, 23, 10, 0, 0, 999_000, tzinfo=UTC)
    assert from_ms(to_ms(moment)) == whole_ms(moment)
