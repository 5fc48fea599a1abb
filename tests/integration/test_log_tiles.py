"""Tiles that a host keeps as files: which ones, and who gets them while the database answers and while it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.admission.keys import event_keys
from events.admission.snapshots import put_snapshot
from events.ledger.events import event_for_change
from events.ledger.queries import event_snapshot
from events.models import DecisionLog, DecisionLogChunk, Event, Registration
from events.services.delete_event import delete_unused
from omnify.common.clients import redis_client
from tests.support.in_process.api import ANYONE
from tests.support.in_process.decision_log import chunks, commit, registration
from tests.support.in_process.outages import database_out_of_reach

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
PATHS = ("0/000", "entries/000")
on_postgres = pytest.mark.skipif(connection.vendor == "sqlite", reason="a file is always in reach")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Events of other tests had the same numbers: what was signed of them is not remembered here."""
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, home=tmp_path))
    return tmp_path


@pytest.fixture
def event(make_event: Make) -> Event:
    """An event whose first 256 entries were signed and served."""
    event = make_event(max_capacity=1000)
    commit(event, [registration(number) for number in range(1, 300)])
    sign(event)
    tiles(event)
    return event


def publish(event: Event) -> None:
    """Gives the door a copy, as each change of an organizer's does."""
    Event.objects.filter(pk=event.pk).update(version=event.version + 1)
    event.refresh_from_db()
    put_snapshot(redis_client(), event_snapshot(event))


def sign(event: Event) -> None:
    assert ANYONE.get(f"/events/{event.pk}/log/checkpoint").status_code == 200


def tiles(event: Event, base: str = "") -> list[bytes]:
    answers = [ANYONE.get(f"/events/{event.pk}/log/{base}tile/{path}") for path in PATHS]
    assert [answer.status_code for answer in answers] == [200] * len(PATHS)
    return [answer.content for answer in answers]


def statuses(event: Event, base: str = "") -> set[int]:
    return {ANYONE.get(f"/events/{event.pk}/log/{base}tile/{path}").status_code for path in PATHS}


def change_an_entry(event: Event) -> None:
    """Leaves other entries than there were, as if the database had lost a batch and decided another one."""
    chunk = chunks(event)[-1]
    entries = bytearray(chunk.entries)
    entries[40] ^= 1
    DecisionLogChunk.objects.filter(pk=chunk.pk).update(entries=bytes(entries))


def test_a_tile_that_was_served_is_read_from_a_file_of_its_log(event: Event) -> None:
    before = tiles(event)
    with CaptureQueriesContext(connection) as asked:
        assert tiles(event) == before
    assert not [query for query in asked.captured_queries if "decisionlogchunk" in query["sql"]]
    DecisionLog.objects.update(origin=f"localhost/events/{event.pk}/log/2")
    with CaptureQueriesContext(connection) as asked:
        assert tiles(event, "2/") == before
    assert [query for query in asked.captured_queries if "decisionlogchunk" in query["sql"]]


def test_a_tile_that_is_not_signed_yet_is_read_anew_each_time(make_event: Make) -> None:
    event = make_event(max_capacity=1000)
    commit(event, [registration(number) for number in range(1, 10)])
    sign(event)
    commit(event, [registration(number) for number in range(10, 300)])
    before = tiles(event)
    change_an_entry(event)
    assert tiles(event) != before


def test_a_tile_of_another_history_than_was_signed_is_not_kept(make_event: Make) -> None:
    event = make_event(max_capacity=1000)
    commit(event, [registration(number) for number in range(1, 300)])
    sign(event)
    DecisionLog.objects.filter(pk=event.pk).update(frontier=bytes(len(DecisionLog.objects.get(pk=event.pk).frontier)))
    before = tiles(event)
    change_an_entry(event)
    assert tiles(event) != before


@on_postgres
def test_without_the_database_a_kept_tile_is_served_of_an_event_that_the_door_shows(event: Event) -> None:
    before = tiles(event)
    with database_out_of_reach():
        assert tiles(event) == before
        assert ANYONE.get(f"/events/{event.pk}/log/tile/entries/001.p/1").status_code == 503
        assert statuses(event, "2/") == {503}


@on_postgres
def test_without_the_database_each_logs_kept_tiles_are_served_at_its_own_addresses(event: Event) -> None:
    before = tiles(event)
    DecisionLog.objects.update(origin=f"localhost/events/{event.pk}/log/2")
    change_an_entry(event)
    sign(event)
    after = tiles(event, "2/")
    with database_out_of_reach():
        assert (tiles(event), tiles(event, "2/")) == (before, after)
    assert before[0] != after[0] and before[1] != after[1]


@on_postgres
def test_kept_tiles_of_a_draft_are_shown_to_no_one(event: Event) -> None:
    Event.objects.filter(pk=event.pk).update(visibility="draft")
    assert statuses(event) == {404}
    publish(event)
    with database_out_of_reach():
        assert statuses(event) == {503}


@on_postgres
def test_without_the_database_an_event_that_the_door_does_not_know_shows_no_tile(event: Event) -> None:
    redis_client().delete(event_keys(event.pk).state)
    with database_out_of_reach():
        assert statuses(event) == {503}


def test_kept_tiles_go_with_a_deleted_event_under_each_of_its_names(event: Event, home: Path) -> None:
    kept = home / "log-tiles"
    (kept / f"{event.pk}.2" / "0").mkdir(parents=True)
    other = kept / f"{event.pk}1"
    other.mkdir()
    Registration.objects.filter(event=event).delete()
    with transaction.atomic():
        locked = event_for_change(event_id=event.pk)
        assert locked is not None
        delete_unused(locked, now=timezone.now())
        assert (kept / str(event.pk)).exists()
    assert list(kept.iterdir()) == [other]
    assert statuses(event) == {404}
