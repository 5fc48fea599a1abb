"""`/`: which events it lists, in which order, and what it needs for that."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connections
from django.utils import timezone
from icalendar import Calendar

from events.admission import keys
from events.admission.listing import put_listed
from events.domain import listed as listing
from events.door.listing import FoundEvent
from events.ledger.lookup import public_events
from events.ledger.queries import event_snapshot
from events.models import Event
from events.pages.calendar_feed import calendar_feed
from events.pages.home_page import ON_A_PAGE, HomePage
from events.services.listing import relist
from omnify.common.redis_client import connect
from tests.support.in_process.api import Caller, create, organizer
from tests.support.in_process.cluster import with_gate as with_cluster_gate
from tests.support.in_process.events import let_it_be_over, open_event
from tests.support.in_process.pages import Browser, Shown, browse
from tests.support.servers import Services
from tests.support.valkey_cluster import ValkeyCluster

pytestmark = pytest.mark.django_db(transaction=True)

NAME = re.compile(r"<h2><a href=\"/e/\d+\"><bdi>([^<]*)</bdi>")


def listed(caller: Caller, name: str, *, days: int = 30, **changes: Any) -> int:
    start = timezone.now() + timedelta(days=days)
    times = {"start_time": start.isoformat(), "end_time": (start + timedelta(hours=2)).isoformat()}
    return create(caller, name=name, **times, **changes)


def read(servers: Services, *paths: str, **headers: str) -> list[Shown]:
    async def scene(browser: Browser) -> list[Shown]:
        return [await browser.get(path, **headers) for path in paths]

    found: list[Shown] = browse(servers, scene)
    return found


def names(servers: Services, path: str = "/") -> list[str]:
    [page] = read(servers, path)
    assert page.status == 200, page.text
    return NAME.findall(page.text)


def test_public_events_are_listed_the_next_first_without_the_database(servers: Services) -> None:
    caller = organizer()
    for name, days, visibility in (("B", 20, "public"), ("A", 10, "public"), ("C", 5, "unlisted"), ("D", 5, "draft")):
        listed(caller, name, days=days, visibility=visibility)

    def refuse(*args: Any) -> Any:
        raise AssertionError("the page queried the database")

    with connections["default"].execute_wrapper(refuse):
        assert names(servers) == ["A", "B"]


def test_an_event_is_found_by_its_name_or_place_as_a_person_writes_it(servers: Services) -> None:
    caller = organizer()
    listed(caller, "Soirée d'été", location="Town hall", days=1)
    listed(caller, "Winter concert", location="Münster", days=2)
    found = {text: names(servers, f"/?search={text}") for text in ("soiree", "MUNSTER", "hall+ete", "hall+winter", "")}
    assert found["soiree"] == found["hall+ete"] == ["Soirée d&#x27;été"]
    assert found["MUNSTER"] == ["Winter concert"]
    assert found["hall+winter"] == []
    assert len(found[""]) == 2


def test_a_list_that_has_nothing_says_so(servers: Services) -> None:
    empty, searched = read(servers, "/", "/?search=%3Cb%3Enothing")
    assert "There are no events to register for at the moment." in empty.text
    assert "No event has this in its name or place." in searched.text
    assert "<b>nothing" not in searched.text


def test_long_lists_have_pages(servers: Services) -> None:
    caller = organizer()
    for number in range(21):
        listed(caller, f"N{number:02}", days=1 + number)
    first, last, beyond, odd = read(servers, "/", "/?page=2&search=n", "/?page=99", "/?page=-1")
    assert NAME.findall(first.text) == [f"N{number:02}" for number in range(20)]
    assert (NAME.findall(last.text), NAME.findall(beyond.text)) == (["N20"], ["N20"])
    assert 'rel="next" href="/?page=2"' in first.text
    assert 'rel="prev" href="/?search=n&amp;page=1"' in last.text
    assert len(NAME.findall(odd.text)) == 20


def test_what_an_organizer_changes_is_in_the_list_at_once(servers: Services) -> None:
    caller = organizer()
    event_id = listed(caller, "Before")
    caller.patch(f"/events/{event_id}", {"name": "After"})
    assert names(servers) == ["After"]
    for visibility, found in (("draft", []), ("public", ["After"]), ("unlisted", [])):
        caller.patch(f"/events/{event_id}", {"visibility": visibility})
        assert names(servers) == found
    caller.patch(f"/events/{event_id}", {"visibility": "public"})
    assert caller.send("DELETE", f"/events/{event_id}").status_code == 200
    assert names(servers) == []


def test_an_older_copy_of_an_event_does_not_come_back(servers: Services, redis_client: redis.Redis) -> None:
    caller = organizer()
    event_id = listed(caller, "Evening")
    old = event_snapshot(Event.objects.get(pk=event_id))
    caller.patch(f"/events/{event_id}", {"visibility": "draft"})
    put_listed(redis_client, old)
    assert names(servers) == []
    [feed] = read(servers, "/events.ics")
    assert b"VEVENT" not in feed.body


def test_another_language_has_the_same_search_and_page(servers: Services) -> None:
    caller = organizer()
    for number in range(ON_A_PAGE + 1):
        listed(caller, f"Night & day {number}")
    plain, found, second, chosen = read(
        servers, "/", "/?search=night+%26%20day", "/?page=2", "/?language=de&page=2&search=night"
    )
    assert 'href="?language=ja"' in plain.text
    assert 'href="?search=night+%26+day&amp;page=1&amp;language=ja"' in found.text
    assert 'href="?page=2&amp;language=ja"' in second.text
    assert 'href="?search=night&amp;page=2&amp;language=ja"' in chosen.text


def test_a_sweep_makes_the_list_what_the_ledger_says(servers: Services, redis_client: redis.Redis) -> None:
    caller = organizer()
    kept, over, gone, missing, newer = (listed(caller, name) for name in ("kept", "over", "gone", "missing", "newer"))
    let_it_be_over(Event.objects.get(pk=over))
    Event.objects.filter(pk=gone).delete()
    redis_client.hdel(keys.LISTED, str(missing))
    Event.objects.filter(pk=kept).update(name="renamed", version=99)
    # The ledger has lost what made this one newer.
    redis_client.hset(keys.LISTED, str(newer), "1000|")
    assert relist(redis_client) > 0
    assert set(map(int, redis_client.hkeys(keys.LISTED))) == {kept, missing, newer}
    assert b"renamed" in (redis_client.hget(keys.LISTED, str(kept)) or b"")
    assert relist(redis_client) == 0


def test_a_sweep_does_not_take_off_what_was_published_while_it_read(redis_client: redis.Redis) -> None:
    from events.admission.listing import compare_listed, listed_versions
    from events.ledger.lookup import public_events

    before, rows = listed_versions(redis_client), public_events()
    event_id = listed(organizer(), "Evening")
    compare_listed(redis_client, before, rows)
    assert redis_client.hexists(keys.LISTED, str(event_id))


def test_the_page_is_cacheable_and_has_a_tag(servers: Services) -> None:
    listed(organizer(), "Evening")
    [page] = read(servers, "/")
    assert page.headers["cache-control"] == "public, max-age=10"
    assert page.headers["vary"] == "accept-language"
    [known] = read(servers, "/", if_none_match=page.headers["etag"])
    assert (known.status, known.body, known.headers["etag"]) == (304, b"", page.headers["etag"])


def test_seats_are_those_of_now_and_the_state_is_said(servers: Services) -> None:
    caller = organizer()
    listed(caller, "Open", max_capacity=7)
    cancelled = listed(caller, "Cancelled")
    caller.post(f"/events/{cancelled}/cancel")
    [page] = read(servers, "/")
    assert "7 seats left" in page.text
    assert 'data-state="cancelled">Cancelled' in page.text


def entries(servers: Services, path: str) -> list[Any]:
    [feed] = read(servers, path, host="tickets.example.org")
    assert (feed.status, feed.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    return list(Calendar.from_ical(feed.body).walk("VEVENT"))


def test_an_organizers_public_events_are_a_calendar(servers: Services) -> None:
    caller = organizer()
    event_id = listed(caller, "Evening", location="Hall, 2nd floor")
    listed(caller, "Secret", visibility="unlisted")
    listed(organizer("other"), "Elsewhere")
    own = Event.objects.get(pk=event_id).organizer_id
    [entry] = entries(servers, f"/o/{own}/events.ics")
    assert (entry["summary"], entry["location"]) == ("Evening", "Hall, 2nd floor")
    assert (entry["url"], entry["status"]) == (f"http://tickets.example.org/e/{event_id}", "CONFIRMED")
    assert entries(servers, "/o/999/events.ics") == []
    assert len(entries(servers, "/events.ics")) == 2


def test_a_changed_event_keeps_its_entry_in_the_calendar(servers: Services) -> None:
    caller = organizer()
    event_id = listed(caller, "Evening")
    [before] = entries(servers, "/events.ics")
    caller.patch(f"/events/{event_id}", {"name": "Later"})
    caller.post(f"/events/{event_id}/cancel")
    [after] = entries(servers, "/events.ics")
    assert after["uid"] == before["uid"]
    assert (before["sequence"], after["sequence"]) == (0, 2)
    assert (after["summary"], after["status"]) == ("Later", "CANCELLED")


def test_an_entry_in_a_calendar_keeps_its_uid_at_another_address() -> None:
    listed(organizer(), "Evening")
    found = [shown for row in public_events() if (shown := listing.listed(row))]
    feeds = [calendar_feed(found, site=f"https://{host}.example.org") for host in ("old", "new")]
    assert len({str(entry["uid"]) for feed in feeds for entry in Calendar.from_ical(feed).walk("VEVENT")}) == 1


def test_what_the_release_before_has_listed_is_written_anew(redis_client: redis.Redis) -> None:
    event_id = listed(organizer(), "Evening")
    value: bytes = redis_client.hget(keys.LISTED, str(event_id)) or b""  # type: ignore[assignment]
    redis_client.hset(keys.LISTED, str(event_id), re.sub(rb',"created_ms":[0-9]+', b"", value))
    assert relist(redis_client) == 1
    assert redis_client.hget(keys.LISTED, str(event_id)) == value


def test_who_asks_for_a_page_while_it_is_made_gets_the_same_one() -> None:
    asked = 0

    async def events() -> Sequence[FoundEvent]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return []

    async def scene() -> set[bytes]:
        page = HomePage(app=None, templates=None, listing=events)  # type: ignore[arg-type]
        scope: Any = {"headers": [], "scheme": "http"}
        first, *others = [asyncio.create_task(page.calendar(scope, None)) for _ in range(9)]
        await asyncio.sleep(0)
        first.cancel()  # a visitor who leaves
        return {made.body for made in await asyncio.gather(*others) if made}

    assert len(asyncio.run(scene())) == asked == 1


def test_a_calendar_that_did_not_change_is_not_sent_again(servers: Services) -> None:
    listed(organizer(), "Evening")
    first, second = read(servers, "/events.ics", "/events.ics")
    assert first.headers["etag"] == second.headers["etag"]
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H" in first.body
    [known] = read(servers, "/events.ics", if_none_match=first.headers["etag"])
    assert (known.status, known.body) == (304, b"")


@pytest.mark.parametrize("path", ["/o/", "/o/1", "/o/0/events.ics", "/o/x/events.ics", "/o/1/events.ics/", "/o/1/x"])
def test_other_paths_below_an_organizer_are_404(servers: Services, path: str) -> None:
    [page] = read(servers, path)
    assert page.status == 404


def test_on_a_cluster_the_list_is_kept_on_three_nodes(cluster: ValkeyCluster) -> None:
    client = connect(cluster.url)
    try:
        event = open_event(client, name="Evening")
        put_listed(client, event_snapshot(event))
        names = keys.copies(keys.LISTED)
        # One node has lost its copy: the others still have theirs, until a sweep brings it back.
        client.delete(names[1])
        [found] = with_cluster_gate(cluster.url, lambda gate: gate.listed())
        assert found.name == "Evening"
        assert relist(client) == 1
        assert [client.hlen(name) for name in names] == [1, 1, 1]
    finally:
        client.close()
