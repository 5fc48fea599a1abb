"""Attendees by status: the waitlist, who gave a ticket back, who was rejected and why, who has come."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event, Registration
from tests.support.in_process.api import attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_waitlist_is_listed_by_itself() -> None:
    caller = organizer()
    event_id = create(caller, max_capacity=2, waitlist_capacity=5)
    attend(event_id, 2)
    attend(event_id, 2, status="waitlisted", first=3)
    Event.objects.filter(pk=event_id).update(waitlisted_count=2)
    page = caller.get(f"/events/{event_id}/attendees?status=waitlisted&page_size=1").json()["data"]
    assert (page["total_items"], page["total_pages"]) == (2, 2)
    following = caller.get(page["next_page"]).json()["data"]
    found = [one["email"] for one in page["results"] + following["results"]]
    assert found == ["waitlisted3@example.com", "waitlisted4@example.com"]
    assert page["results"][0]["confirmed_at"] is None
    assert caller.get(f"/events/{event_id}/attendees").json()["data"]["total_items"] == 2
    assert caller.get(f"/events/{event_id}/attendees?status=queued").status_code == 400


def test_who_gave_a_ticket_back_is_listed_with_by_whom() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    attend(event_id, 2, status="cancelled", first=2)
    Registration.objects.filter(status="cancelled").update(reason="by_holder")
    Event.objects.filter(pk=event_id).update(cancelled_count=2)
    page = caller.get(f"/events/{event_id}/attendees?status=cancelled&page_size=1").json()["data"]
    assert (page["total_items"], [one["reason"] for one in page["results"]]) == (2, ["by_holder"])
    assert caller.get(page["next_page"]).json()["data"]["results"][0]["email"] == "cancelled3@example.com"


def test_the_rejected_are_listed_with_the_reason_and_counted() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    attend(event_id, 2, status="rejected", first=2)
    Registration.objects.filter(status="rejected").update(reason="sold_out")
    Event.objects.filter(pk=event_id).update(rejected_counts={"sold_out": 2})
    page = caller.get(f"/events/{event_id}/attendees?status=rejected&page_size=1").json()["data"]
    assert (page["total_items"], [one["reason"] for one in page["results"]]) == (2, ["sold_out"])


def test_the_list_shows_who_has_come_and_who_has_not() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 3)
    Registration.objects.filter(email="confirmed2@example.com").update(checked_in_at=timezone.now())
    for value, expected in (("true", [2]), ("false", [1, 3])):
        page = caller.get(f"/events/{event_id}/attendees?checked_in={value}").json()["data"]
        assert [one["email"] for one in page["results"]] == [f"confirmed{n}@example.com" for n in expected]
        assert page["total_items"] == len(expected)
    assert caller.get(f"/events/{event_id}/attendees?checked_in=yes").status_code == 400


def test_the_holds_that_run_out_next_are_found_by_their_time() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 3)
    now = timezone.now()
    for guest, minutes in ((1, 30), (2, 5), (3, 60)):
        held = {"status": "held", "hold_confirmed_by": "holder", "expires_at": now + timedelta(minutes=minutes)}
        Registration.objects.filter(event_id=event_id, email=f"confirmed{guest}@example.com").update(**held)
    Event.objects.filter(pk=event_id).update(held_count=3, confirmed_count=0)
    path = f"/events/{event_id}/attendees?status=held"
    assert caller.get(path).json()["data"]["total_items"] == 3
    soon = (now + timedelta(minutes=45)).isoformat().replace("+", "%2B")
    page = caller.get(f"{path}&expires_before={soon}&page_size=1").json()["data"]
    assert (page["total_items"], page["total_pages"]) == (2, 2)
    following = caller.get(page["next_page"]).json()["data"]
    found = [one["email"] for one in page["results"] + following["results"]]
    assert found == ["confirmed2@example.com", "confirmed1@example.com"], "the first to end first"
    assert caller.get(following["previous_page"]).json()["data"]["results"] == page["results"]
    in_other_order = re.sub(r"expires_before=[^&]*&", "", page["next_page"])
    assert "expires_before" not in in_other_order
    assert caller.get(in_other_order).status_code == 404, "a cursor of another order"
    assert all(one["expires_at"] for one in page["results"])
    for bad in ("tomorrow", "2031-06-01T16:00:00", ""):
        refused = caller.get(f"{path}&expires_before={bad}")
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["expires_before"])
