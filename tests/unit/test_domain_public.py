"""The objects that clients see: their fields, their examples, and the form of times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType

import pytest
from msgspec import Struct, convert, to_builtins

from events.domain.public import access_code, attendee, event, health, mail, ticket, token, webhook
from events.domain.public.attendee import RejectedCounts
from events.domain.public.definition import example
from events.domain.public.event import render_event
from events.domain.public.ticket import render_ticket
from events.domain.snapshot import EventSnapshot
from events.domain.states import REJECTION_REASONS, Status
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

MODULES = (access_code, attendee, event, health, mail, ticket, token, webhook)


def structs(module: ModuleType) -> list[type[Struct]]:
    """The public objects that a module defines, but for counters, which are part of another one."""
    found = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Struct)]
    return [kind for kind in found if kind.__module__ == module.__name__ and kind is not RejectedCounts]


def test_fields_come_in_the_order_of_the_contract() -> None:
    assert list(to_builtins(render_event(EVENT, now_ms=2_000))) == [
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
        "visibility",
        "registration_paused",
        "cancel_until",
        "held_count",
        "hold",
        "max_quantity",
        "ticket_types",
        "access",
        "has_codes",
        "admission",
        "draw_at",
        "draw_state",
        "entered_count",
        "mail",
        "verify_email",
        "timezone",
        "calendar_url",
        "previous_start_time",
    ]
    described = to_builtins(render_event(EVENT, now_ms=2_000, description="*All* are welcome."))
    assert list(described)[-1] == "description"


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
    shown = render_event(replace(EVENT, **changes), now_ms=now_ms)
    assert (shown.registration_state, shown.seats_left) == (state, left)


@pytest.mark.parametrize(
    "kind", [kind for module in MODULES for kind in structs(module)], ids=lambda kind: kind.__name__
)
def test_an_example_is_one_of_the_object_that_it_shows(kind: type[Struct]) -> None:
    shown = example(kind)
    assert to_builtins(convert(shown, kind)) == shown


def test_rejections_are_counted_for_every_reason() -> None:
    assert RejectedCounts.__struct_fields__ == tuple(reason.value for reason in REJECTION_REASONS)


def test_what_a_ticket_does_not_have_is_null_and_an_estimate_is_left_out() -> None:
    shown = render_ticket(
        "1-abcdefghijklmnop",
        1,
        Status.QUEUED,
        reason=None,
        position=3,
        sequence=7,
        requested_ms=1_000,
        decided_ms=None,
        check_in_code=None,
        checked_in_ms=0,
    )
    said = [None, 3, 7, "1970-01-01T00:00:01.000+00:00", None, None, None, None, 0]
    assert list(to_builtins(shown).values())[3:] == [None, 1, "queued", *said]


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
