"""What programs read of an event's page: the description of its link, and its JSON-LD."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from events.domain.public.event import render_event
from events.domain.snapshot import EventSnapshot, TypeSnapshot
from events.pages.previews import preview

EVENT = EventSnapshot(
    event_id=7,
    version=1,
    name="Evening </script><script>alert(1)</script>",
    location="Hall & Bar",
    max_capacity=10,
    waitlist_capacity=0,
    confirmed_count=0,
    waitlisted_count=0,
    start_ms=1_893_456_000_000,  # 2030-01-01T00:00Z
    end_ms=1_893_463_200_000,
    opens_ms=1_000,
    closes_ms=1_893_456_000_000,
    cancelled=False,
    last_sequence=0,
    timezone="America/New_York",
)
BALCONY = TypeSnapshot(
    id=7001,
    name="Balcony",
    capacity=1,
    waitlist_capacity=0,
    max_quantity=1,
    price="€ 18",
    confirmed_count=1,
    held_count=0,
    waitlisted_count=0,
)


def shown(event: EventSnapshot = EVENT, *, now_ms: int = 2_000, text: str = "", site: str = "") -> dict[str, str]:
    return preview(render_event(event, now_ms=now_ms, description=text), public_url=site, when="Some day")


def structured(*args: Any, **options: Any) -> Any:
    return json.loads(shown(*args, **options)["json_ld"])


def test_no_text_ends_the_block_of_data() -> None:
    block = shown(text="</script>")["json_ld"]
    assert not set("<>&\u2028") & set(block)
    assert json.loads(block)["name"] == EVENT.name


def test_times_are_the_venues() -> None:
    found = structured()
    assert (found["startDate"], found["endDate"]) == ("2029-12-31T19:00:00-05:00", "2029-12-31T21:00:00-05:00")
    assert found["location"] == {"@type": "Place", "name": "Hall & Bar", "address": "Hall & Bar"}


def test_an_event_that_was_moved_says_from_when_unless_it_is_cancelled() -> None:
    moved = replace(EVENT, previous_start_ms=1_893_369_600_000)
    found = structured(moved)
    assert found["eventStatus"] == "https://schema.org/EventRescheduled"
    assert found["previousStartDate"] == "2029-12-30T19:00:00-05:00"
    assert "previousStartDate" not in structured()
    cancelled = structured(replace(moved, cancelled=True))
    assert (cancelled["eventStatus"], "previousStartDate" in cancelled) == ("https://schema.org/EventCancelled", False)


def test_the_address_is_the_public_one_or_none() -> None:
    assert shown()["url"] == ""
    assert "url" not in structured()
    assert structured(site="https://tickets.example.org")["url"] == "https://tickets.example.org/e/7"


def test_a_link_is_described_by_the_description_or_by_time_and_place() -> None:
    assert shown(text="# Two\n\n*sets*")["description"] == "Two sets"
    assert shown()["description"] == "Some day · Hall & Bar"


@pytest.mark.parametrize(
    ("changes", "now_ms", "availability"),
    [
        ({}, 2_000, "InStock"),
        ({}, 500, "PreOrder"),
        ({"confirmed_count": 10}, 2_000, "SoldOut"),
        ({"confirmed_count": 10, "waitlist_capacity": 5}, 2_000, "SoldOut"),
        ({}, EVENT.closes_ms, "OutOfStock"),
    ],
)
def test_an_offer_says_whether_seats_are_left(changes: dict[str, Any], now_ms: int, availability: str) -> None:
    [offer] = structured(replace(EVENT, **changes), now_ms=now_ms)["offers"]
    assert offer["availability"] == f"https://schema.org/{availability}"
    assert offer["validFrom"] == "1970-01-01T00:00:01.000+00:00"


def test_each_ticket_type_is_an_offer() -> None:
    types = (replace(BALCONY, confirmed_count=0), replace(BALCONY, id=7002, name="Stalls"))
    offers = structured(replace(EVENT, ticket_types=types))["offers"]
    assert [(one["name"], one["availability"][19:]) for one in offers] == [
        ("Balcony", "InStock"),
        ("Stalls", "SoldOut"),
    ]


def test_a_cancelled_event_offers_nothing() -> None:
    found = structured(replace(EVENT, cancelled=True))
    assert found["eventStatus"] == "https://schema.org/EventCancelled"
    assert "offers" not in found
    assert structured()["eventStatus"] == "https://schema.org/EventScheduled"
