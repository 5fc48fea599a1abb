"""Searching finds what a person would write, whichever program wrote the row: drain, API, admin, an older release."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from django.apps import apps
from django.db import connection

from events.ledger.queries import AttendeeFilter, attendees_at, count_attendees
from events.ledger.retention import anonymise_event
from events.models import Event, Registration
from tests.support.in_process.api import ANYONE, Caller, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)

GUESTS = {
    "M\u00fcller": ["muller", "M\u00dcLLER", "mu\u0308ller", "\uff2d\u00fcller"],
    "Jose\u0301 Gro\u00df": ["jos\u00e9 gross", "JOSE  GROSS", "Jose\u0301"],
    "\u5c71\u7530\u3000\u592a\u90ce": [
        "\u5c71\u7530\u3000\u592a\u90ce",
        "\u5c71\u7530 \u592a\u90ce",
        "\u592a\u90ce",
        "\u5c71\u7530\u592a\u90ce",
    ],
    "\u9234\u6728\u82b1\u5b50": ["\u9234\u6728 \u82b1\u5b50", "\u6728\u3000\u82b1"],
    "\u00d8rsted Ann  Lee": ["orsted ann lee", "\u00f8rsted", "n l"],
    "\uff76\uff9e": ["\u30ac"],
    "Plain Guest": ["PLAIN", "n\u00a0g", "pl\u00e0in", " plain "],
    "100%_\\": ["0%_\\", "%_"],
}


def register(event: Event, names: list[str], admit: Callable[..., Any], drain: Any) -> None:
    """Registrations as the door and the drain make them."""
    from events.admission.entry import pack
    from events.domain.attendee import clean_name
    from tests.support.in_process.gate import apply_for

    applications = []
    for number, name in enumerate(names):
        request = apply_for(number)
        payload = pack(name=clean_name(name), email=f"g{number}@example.org", email_digest=request.email_digest)
        applications.append(msgspec.structs.replace(request, payload=payload))
    admit(event.pk, applications)
    drain.run(event.pk)


def found(event_id: int, search: str) -> list[str]:
    return [row.name for row in attendees_at(AttendeeFilter(event_id, search=search), offset=0, limit=50)]


def test_what_can_be_registered_can_be_found(
    make_event: Callable[..., Any], admit: Callable[..., Any], drain: Any
) -> None:
    import unicodedata

    event = make_event(max_capacity=20)
    register(event, list(GUESTS), admit, drain)
    for name, searches in GUESTS.items():
        kept = unicodedata.normalize("NFC", name)
        for search in (name, *searches):
            assert found(event.pk, search) == [kept], ascii(search)
    assert found(event.pk, "unknown") == []
    assert len(found(event.pk, "@EXAMPLE.org")) == len(GUESTS)
    assert found(event.pk, "g0@example.org\nM") == [], "lines are not searched across"


def test_a_search_for_names_alone_says_nothing_of_addresses(
    make_event: Callable[..., Any], admit: Callable[..., Any], drain: Any
) -> None:
    event = make_event(max_capacity=20)
    register(event, ["M\u00fcller", "Plain Guest", "G0 \u00c9"], admit, drain)
    for search, names in {
        "g0": ["G0 \u00c9"],
        "g1@": [],
        "example": [],
        "muller": ["M\u00fcller"],
        "plain": ["Plain Guest"],
    }.items():
        rows = attendees_at(AttendeeFilter(event.pk, search=search, names_only=True), offset=0, limit=50)
        assert [row.name for row in rows] == names, search


def test_only_what_is_not_plain_ascii_is_stored_twice(
    make_event: Callable[..., Any], admit: Callable[..., Any], drain: Any
) -> None:
    event = make_event(max_capacity=20)
    register(event, ["Plain Guest", "M\u00fcller"], admit, drain)
    keys = Registration.objects.filter(event=event).order_by("sequence").values_list("search_key", flat=True)
    assert list(keys) == [None, "muller\ng1@example.org"]
    anonymise_event(event.pk, now=event.end_time)
    assert not Registration.objects.filter(event=event).exclude(search_key=None).exists(), "forgotten is forgotten"


def written_by_an_older_release(caller: Caller) -> int:
    event_id = create(caller, name="M\u00fcller", location="\u00d8st")
    attend(event_id, 1, name="Jos\u00e9 M\u00fcller")
    attend(event_id, 1, first=2, name="Ann  Lee")
    attend(event_id, 1, first=3, name="Plain")
    for model in (Registration, Event):
        model.objects.update(search_key=None)
    return event_id


def test_after_an_update_rows_of_an_older_release_are_found_as_all_others() -> None:
    event_id = written_by_an_older_release(organizer())
    assert found(event_id, "confirmed1@EXAMPLE") == ["Jos\u00e9 M\u00fcller"]
    assert found(event_id, "jose muller") == found(event_id, "ann lee") == []
    migration = importlib.import_module("events.migrations.0012_search_key")
    for step in (migration.fold_registrations, migration.fold_events, migration.fold_registrations):
        step(apps, connection.schema_editor())
    assert found(event_id, "jose muller") == found(event_id, "Jos\u00e9 M\u00fcller") == ["Jos\u00e9 M\u00fcller"]
    assert found(event_id, "ann lee") == ["Ann  Lee"]
    assert Registration.objects.get(name="Plain").search_key is None
    assert Event.objects.get().search_key == "muller\nost"


def test_the_api_searches_as_people_write() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1, name="\u5c71\u7530\u3000\u592a\u90ce")
    attend(event_id, 4, first=2, name="M\u00fcller")
    url = f"/events/{event_id}/attendees?search="
    assert caller.get(url + quote("\u5c71\u7530\u3000\u592a\u90ce")).json()["data"]["total_items"] == 1
    page = caller.get(url + quote("mu\u0308ller") + "&page_size=3").json()["data"]
    assert (page["total_items"], len(page["results"])) == (4, 3)
    assert len(caller.get(page["next_page"]).json()["data"]["results"]) == 1
    assert caller.get(url + quote("\u3000")).json()["data"]["total_items"] == 5, "white space is no search"


def test_events_are_found_however_they_were_named_and_renamed() -> None:
    caller = organizer()
    event_id = create(caller, name="F\u00eate  de la Musique", location="Z\u00fcrich")
    create(caller, name="Launch", location="Berlin")
    searches = ("fete de la", "ZURICH", "musique")
    for search in searches:
        names = [one["id"] for one in ANYONE.get(f"/events?search={quote(search)}").json()["data"]["results"]]
        assert names == [event_id], search
    caller.patch(f"/events/{event_id}", {"name": "Caf\u00e9"})
    assert len(ANYONE.get("/events?search=cafe").json()["data"]["results"]) == 1
    assert len(ANYONE.get("/events?search=zurich").json()["data"]["results"]) == 1
    assert ANYONE.get("/events?search=fete").json()["data"]["total_items"] == 0
    caller.patch(f"/events/{event_id}", {"name": "Plain", "location": "Hall"})
    assert ANYONE.get("/events?search=cafe").json()["data"]["total_items"] == 0
    assert json.loads(caller.get("/events?search=plain&mine=true").content)["data"]["total_items"] == 1


def test_a_count_of_what_is_found_is_exact() -> None:
    event_id = create(organizer())
    attend(event_id, 3, name="M\u00fcller")
    attend(event_id, 2, first=4)
    assert count_attendees(AttendeeFilter(event_id, search="muller")) == 3
