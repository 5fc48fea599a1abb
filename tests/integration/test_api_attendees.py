"""Attendees and statistics: an organizer's own events only, and every page at the same cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.api.attendees import read_cursor, write_cursor
from events.api.pagination import InvalidPage
from events.domain.states import Status
from events.ledger.queries import AttendeeCursor
from events.models import Registration
from tests.support.in_process.api import ANYONE, ATTENDEE_FIELDS, Caller, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def walk(caller: Caller, url: str, link: str) -> list[list[int]]:
    """The sequences of each page, following `link`."""
    pages = []
    while url:
        data = caller.get(url).json()["data"]
        pages.append([row["sequence"] for row in data["results"]])
        url = data[link]
    return pages


def test_a_page_holds_the_confirmed_in_order_of_admission() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 12)
    attend(event_id, 3, status="rejected")
    data = caller.get(f"/events/{event_id}/attendees").json()["data"]
    assert (data["total_items"], data["total_pages"]) == (12, 2)
    assert [row["sequence"] for row in data["results"]] == list(range(3, 33, 3))
    row = data["results"][0]
    assert list(row) == ATTENDEE_FIELDS
    assert row["ticket_id"].startswith(f"{event_id}-c0000000000000000001")
    assert (row["email"], row["checked_in_at"]) == ("confirmed1@example.com", None)


def test_links_walk_all_pages_there_and_back() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 23)
    url = f"/events/{event_id}/attendees?page_size=5"
    there = walk(caller, url, "next_page")
    assert [len(page) for page in there] == [5, 5, 5, 5, 3]
    assert [sequence for page in there for sequence in page] == list(range(3, 72, 3))
    assert walk(caller, f"{url}&page=5", "previous_page") == there[::-1]


def test_a_deep_page_behind_a_link_skips_no_rows_by_counting() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 30)
    link = caller.get(f"/events/{event_id}/attendees?page=2").json()["data"]["next_page"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        caller.get(link)
    statements = " ".join(query["sql"] for query in queries)
    assert "LIMIT" in statements
    assert "OFFSET" not in statements
    assert "COUNT" not in statements


def test_rows_of_one_sequence_are_neither_lost_nor_repeated() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 7)
    Registration.objects.filter(event_id=event_id).update(sequence=9)
    keys = []
    url = f"/events/{event_id}/attendees?page_size=2"
    while url:
        data = caller.get(url).json()["data"]
        keys += [row["ticket_id"] for row in data["results"]]
        url = data["next_page"]
    assert len(keys) == len(set(keys)) == 7


@pytest.mark.skipif(connection.vendor == "sqlite", reason="the plan is PostgreSQL's")
def test_postgresql_walks_the_index() -> None:
    from events.ledger import queries

    caller = organizer()
    event_id = create(caller, max_capacity=2000)
    attend(event_id, 2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_registration")
    with CaptureQueriesContext(connection) as captured:
        queries.attendees_after(queries.AttendeeFilter(event_id), after=queries.AttendeeCursor(3000, 1), limit=11)
        queries.attendees_before(queries.AttendeeFilter(event_id), before=queries.AttendeeCursor(3000, 1), limit=11)
    for query in list(captured):
        assert_walked(query["sql"], "registration_attendees")


@pytest.mark.skipif(connection.vendor == "sqlite", reason="the plan is PostgreSQL's")
def test_postgresql_walks_the_index_of_ends() -> None:
    from events.ledger import queries

    event_id = create(organizer(), max_capacity=2000)
    attend(event_id, 2000)
    now = timezone.now()
    held = {"status": "held", "hold_confirmed_by": "holder"}
    Registration.objects.filter(event=event_id).update(expires_at=now + F("sequence") * timedelta(seconds=1), **held)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_registration")
    soon = now + timedelta(seconds=500)
    guests = queries.AttendeeFilter(event_id, Status.HELD, expires_before=soon)
    place = queries.AttendeeCursor(3000, 1, now + timedelta(seconds=200))
    with CaptureQueriesContext(connection) as captured:
        queries.attendees_at(guests, offset=0, limit=11)
        queries.attendees_after(guests, after=place, limit=11)
        queries.attendees_before(guests, before=place, limit=11)
    for query in list(captured):
        assert_walked(query["sql"], "registration_due")


def assert_walked(query: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + query)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert f"using {index}" in plan, plan
    assert "Sort" not in plan, plan


def test_a_cursor_that_is_not_ours_is_a_page_that_does_not_exist() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 12)
    link = caller.get(f"/events/{event_id}/attendees").json()["data"]["next_page"]
    for url in (
        link[:-3] + "xyz",
        link + "x",
        f"/events/{event_id}/attendees?page=2&cursor=",
        link.replace("W", "X", 1),
    ):
        answer = caller.get(url)
        assert (answer.status_code, answer.json()["code"]) == (404, "invalid_page"), url


def test_a_cursor_keeps_its_place() -> None:
    for place in (AttendeeCursor(77, 5), AttendeeCursor(77, 5, timezone.now())):
        assert read_cursor(write_cursor("after", place)).position == place
    with pytest.raises(InvalidPage):
        read_cursor("\ud800")


def test_pages_end() -> None:
    caller = organizer()
    event_id = create(caller)
    assert caller.get(f"/events/{event_id}/attendees").json()["data"]["results"] == []
    attend(event_id, 10)
    for page in ("2", "0", "-1", "9" * 12, "%00"):
        answer = caller.get(f"/events/{event_id}/attendees?page={page}")
        assert (answer.status_code, answer.json()["code"]) == (404, "invalid_page"), page


def test_search_matches_name_or_email_in_any_case() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1, name="Ada Lovelace")
    attend(event_id, 11, first=2)
    url = f"/events/{event_id}/attendees?search="
    assert caller.get(url + "LOVE").json()["data"]["total_items"] == 1
    assert caller.get(url + "CONFIRMED7@").json()["data"]["results"][0]["sequence"] == 21
    assert caller.get(url + "100%25_").json()["data"]["total_items"] == 0
    found = caller.get(url + "name&page_size=4").json()["data"]
    assert (found["total_items"], found["total_pages"]) == (11, 3)
    assert "search=name" in found["next_page"]


@pytest.mark.parametrize("query", ["search=%00", "search=" + "a" * 256, "format=xml", "page_size=x", "page_size=0"])
def test_a_bad_parameter_is_named(query: str) -> None:
    caller = organizer()
    answer = caller.get(f"/events/{create(caller)}/attendees?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("path", ["attendees", "attendees?format=csv", "stats"])
def test_only_the_organizer_of_the_event_may_read(path: str) -> None:
    event_id = create(organizer())
    assert ANYONE.get(f"/events/{event_id}/{path}").status_code == 401
    for caller, absent in ((organizer("other"), event_id), (organizer("third"), 999_999)):
        answer = caller.get(f"/events/{absent}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")


def test_a_page_that_does_not_exist_is_refused_before_a_row_is_read() -> None:
    owner = organizer()
    event_id = create(owner)
    attend(event_id, 30)
    for query in ("page=4", "page=999999999999", "page=999999999999&page_size=100"):
        with CaptureQueriesContext(connection) as seen:
            answer = owner.get(f"/events/{event_id}/attendees?{query}")
        assert (answer.status_code, answer.json()["code"]) == (404, "invalid_page")
        assert not [one for one in seen.captured_queries if "events_registration" in one["sql"]]


def test_a_page_has_a_hundred_rows_at_most() -> None:
    owner = organizer()
    event_id = create(owner, max_capacity=1000)
    attend(event_id, 150)
    assert len(owner.get(f"/events/{event_id}/attendees?page_size=100").json()["data"]["results"]) == 100
    for size in ("101", "999999999999", "9999999999999"):
        assert owner.get(f"/events/{event_id}/attendees?page_size={size}").status_code == 400
    assert owner.get(f"/events/{event_id}/attendees?page=9999999999999").status_code == 404
