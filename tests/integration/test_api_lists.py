"""Every list of the API, found by walking the routes: pages, filters, and nothing that is ignored in silence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from events.api.lists import ListView
from events.domain.public.event import state_of
from events.domain.states import EventState
from events.domain.times import to_ms
from events.ledger.event_lists import EventFilter, list_events
from events.ledger.queries import event_snapshot
from events.models import Event, Organizer
from tests.support.in_process.api import ANYONE, Caller, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def list_paths() -> Iterator[tuple[str, type[ListView]]]:
    """The routes of lists, with the names of ids in them."""
    for pattern in get_resolver().url_patterns:
        view = getattr(pattern.callback, "view_class", None) if isinstance(pattern, URLPattern) else None
        if view is not None and issubclass(view, ListView):
            yield f"/{pattern.pattern}".replace("<event:", "{").replace("<number:", "{").replace(">", "}"), view


@pytest.fixture
def lists(caller: Caller) -> list[tuple[str, type[ListView]]]:
    hook = {"url": "https://8.8.8.8/", "event_types": ["event.sold_out"]}
    ids = {"event_id": create(caller), "webhook_id": caller.post("/webhooks", hook).json()["data"]["id"]}
    return [(path.format(**ids), view) for path, view in list_paths()]


def refused(answer: Any) -> dict[str, list[str]]:
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
    errors: dict[str, list[str]] = answer.json()["errors"]
    assert all(sentence.endswith(".") for sentences in errors.values() for sentence in sentences)
    return errors


def test_every_page_that_is_described_is_a_list(caller: Caller) -> None:
    document = caller.get("/schema").json()
    described = {
        path: {item["name"] for item in operations["get"]["parameters"] if item["in"] == "query"}
        for path, operations in document["paths"].items()
        if "page_size" in str(operations.get("get", {}).get("parameters"))
    }
    assert described == {path: {"page", "page_size", *view.filters} for path, view in list_paths()}
    assert len(described) >= 4


def test_what_a_list_does_not_know_is_refused_and_named(caller: Caller, lists: list[tuple[str, Any]]) -> None:
    for path, _ in lists:
        assert caller.get(path).status_code == 200
        assert set(refused(caller.get(f"{path}?upcoming=true&page=9&order="))) == {"upcoming", "order"}, path


def test_a_page_that_is_too_large_is_refused_everywhere(caller: Caller, lists: list[tuple[str, Any]]) -> None:
    for path, _ in lists:
        assert caller.get(f"{path}?page_size=100").status_code == 200, path
        for size in ("101", "0", "-1", "x", "1e2", "%00", "9" * 40):
            assert list(refused(caller.get(f"{path}?page_size={size}"))) == ["page_size"], (path, size)
        assert caller.get(f"{path}?page=99").json()["code"] == "invalid_page", path


def test_a_parameter_counts_once(caller: Caller, lists: list[tuple[str, Any]]) -> None:
    for path, view in lists:
        for name in ("page", "page_size", *view.filters):
            assert list(refused(caller.get(f"{path}?{name}=1&{name}=2"))) == [name], path


def test_a_value_that_a_filter_cannot_read_is_refused(caller: Caller, lists: list[tuple[str, Any]]) -> None:
    for path, view in lists:
        for name in set(view.filters) - {"cursor", "search"}:
            for value in ("", "nonsense", "TRUE", "%00", "%ff"):
                assert list(refused(caller.get(f"{path}?{name}={value}"))) == [name], (path, name)


def made(caller: Caller, name: str, days: int, **columns: Any) -> int:
    """An event that starts in so many days and lasts a day, opened long ago."""
    event_id = create(caller, name=name)
    start = timezone.now() + timedelta(days=days)
    times = {"start_time": start, "end_time": start + timedelta(days=1)}
    opened = {"registration_opens_at": start - timedelta(days=90), "registration_closes_at": start + timedelta(days=1)}
    Event.objects.filter(pk=event_id).update(**{**times, **opened, **columns})
    return event_id


def names(path: str, caller: Caller = ANYONE) -> list[str]:
    answer = caller.get(path)
    assert answer.status_code == 200, answer.content
    return [event["name"] for event in answer.json()["data"]["results"]]


def test_events_that_are_over_are_a_list_of_their_own(caller: Caller) -> None:
    for name, days in (("long ago", -400), ("now", 0), ("soon", 3), ("last week", -7), ("later", 30)):
        made(caller, name, days)
    assert names("/events") == ["now", "soon", "later"]
    assert names("/events?past=false&page_size=2") == ["now", "soon"]
    assert names("/events?past=true") == ["last week", "long ago"]
    assert ANYONE.get("/events?past=true&page_size=1").json()["data"]["total_items"] == 2


def test_filters_narrow_each_other_down(caller: Caller) -> None:
    other = organizer("other")
    made(caller, "open", 3)
    made(caller, "full", 4, confirmed_count=100)
    made(other, "full elsewhere", 5, confirmed_count=100)
    made(caller, "was full", -5, confirmed_count=100, registration_closes_at=timezone.now() + timedelta(days=1))
    assert names("/events?state=sold_out") == ["full", "full elsewhere"]
    assert names("/events?state=sold_out&mine=true", caller) == ["full"]
    assert names("/events?state=sold_out&mine=true&past=true", caller) == ["was full"]
    link = ANYONE.get("/events?state=sold_out&page_size=1").json()["data"]["next_page"]
    assert names(link) == ["full elsewhere"]


def test_only_an_organizer_has_events_of_their_own() -> None:
    answer = ANYONE.get("/events?mine=true")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert ANYONE.get("/events?mine=false").status_code == 200


def test_the_database_and_the_door_say_the_same_of_every_event() -> None:
    """Of all combinations at once: what opens and closes around now, with seats and a waitlist that are full or not."""
    now, steps = timezone.now().replace(microsecond=0), range(-2, 3)
    organizer = Organizer.objects.create(name="of all")
    events = Event.objects.bulk_create(
        Event(
            organizer=organizer,
            name="Evening",
            location="Hall",
            max_capacity=2,
            confirmed_count=confirmed,
            waitlist_capacity=waitlist,
            waitlisted_count=min(waitlisted, waitlist) if confirmed == 2 else 0,
            start_time=now,
            end_time=now + timedelta(days=1),
            registration_opens_at=now + timedelta(milliseconds=opens),
            registration_closes_at=now + timedelta(milliseconds=closes),
            cancelled_at=now if cancelled else None,
        )
        for opens, closes, cancelled, confirmed, waitlist, waitlisted in product(
            steps, steps, (False, True), range(3), range(2), range(2)
        )
    )
    said = [(event.pk, state_of(event_snapshot(event), now_ms=to_ms(now))) for event in events]
    found = [
        (pk, state)
        for state in EventState
        for pk in list_events(EventFilter(now=now, state=state)).values_list("pk", flat=True)
    ]
    assert sorted(found) == sorted(said)
    assert {state for _, state in said} == set(EventState)
