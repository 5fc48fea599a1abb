"""`GET /log`: what webhooks were told, or would have been, in an order that never changes."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from events.domain.holds import ConfirmedBy, Hold
from events.domain.scopes import Scope
from events.domain.states import Status
from events.ledger.webhooks.log import purge_batches
from events.models import Event, MessageBatch, OrganizerToken
from events.secrets import message_ids
from tests.support.in_process.api import Caller, create, organizer
from tests.support.in_process.outbox import change, take, write
from tests.support.in_process.webhooks_api import refusal, subscribe
from worker.webhooks.signed_request import RequestSigner

pytestmark = pytest.mark.django_db(transaction=True)
HOLD = Hold(2_000_000_000_000, ConfirmedBy.HOLDER)
postgres_only = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")


def event_of(caller: Caller) -> Event:
    return Event.objects.get(pk=create(caller))


def read(caller: Caller, address: str = "/log") -> dict[str, Any]:
    answer = caller.get(address)
    assert answer.status_code == 200, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def read_on(caller: Caller, address: str = "/log") -> list[dict[str, Any]]:
    """All messages from there on, page by page."""
    found: list[dict[str, Any]] = []
    more = True
    while more:
        page = read(caller, address)
        found += page["results"]
        address, more = page["next"], page["has_more"]
    return found


def test_the_log_has_what_webhooks_were_told_under_the_same_ids(caller: Caller) -> None:
    event = event_of(caller)
    subscribe(caller)
    subscribe(caller)
    write(event, change(), change(Status.WAITLISTED, position=3), change(Status.HELD, hold=HOLD), sold_out=True)
    signer = RequestSigner(secrets=(settings.ENV.secret_key,), allow_private=True)
    told: dict[str, Any] = {}
    deliveries = take()
    assert len(deliveries) == 8
    for delivery in deliveries:
        told[message_ids().of(delivery.id, delivery.mark, logged=delivery.logged)] = json.loads(signer.body(delivery))
    page = read(caller)
    assert [message["type"] for message in page["results"]] == [
        *("registration.confirmed", "registration.waitlisted", "registration.held", "event.sold_out"),
    ]
    assert {message.pop("id"): message for message in page["results"]} == told
    assert not page["has_more"]


def test_the_log_is_kept_for_organizers_without_a_webhook(caller: Caller) -> None:
    write(event_of(caller), change())
    [message] = read(caller)["results"]
    assert message["data"]["ticket_id"]
    stranger = organizer("stranger")
    assert read(stranger)["results"] == []
    assert refusal(stranger.get(f"/log?after={message['id']}")) == (400, "invalid")


def test_pages_follow_one_another_across_batches(caller: Caller) -> None:
    event = event_of(caller)
    for size in (130, 1, 99, 70):
        write(event, *(change() for _ in range(size)))
    pages = [read(caller)]
    while pages[-1]["has_more"]:
        pages.append(read(caller, pages[-1]["next"]))
    assert [len(page["results"]) for page in pages] == [100, 100, 100]
    sequences = [message["data"]["sequence"] for page in pages for message in page["results"]]
    assert sequences == sorted(sequences)
    nothing = read(caller, pages[-1]["next"])
    assert (nothing["results"], nothing["has_more"], nothing["next"]) == ([], False, pages[-1]["next"])
    write(event, change())
    assert len(read(caller, nothing["next"])["results"]) == 1


def test_it_can_be_read_from_a_time_on(caller: Caller) -> None:
    event = event_of(caller)
    write(event, change())
    MessageBatch.objects.update(created_at=timezone.now() - timedelta(days=2))
    write(event, change())
    assert len(read(caller)["results"]) == 2
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(read(caller, f"/log?since={yesterday}")["results"]) == 1
    assert len(read(caller, "/log?since=2020-01-01T00:00:00Z")["results"]) == 2
    later = read(caller, "/log?since=2100-01-01T00:00:00%2B00:00")
    assert (later["results"], later["next"]) == ([], "/log?since=2100-01-01T00%3A00%3A00%2B00%3A00")
    assert datetime.fromisoformat(later["kept_since"]) < timezone.now() - timedelta(days=29)


@postgres_only
def test_what_is_committed_late_comes_late_and_is_never_passed(caller: Caller) -> None:
    slow, quick = event_of(caller), event_of(caller)
    written, read_once = threading.Event(), threading.Event()

    def commit_late() -> None:
        with transaction.atomic():
            write(slow, change(ticket=1))
            written.set()
            assert read_once.wait(60)
        connection.close()

    thread = threading.Thread(target=commit_late)
    thread.start()
    assert written.wait(60)
    # Its row is the later one, and its transaction is the first to end.
    write(quick, change(ticket=2))
    assert MessageBatch.objects.get().event_id == quick.pk
    first = read(caller)
    read_once.set()
    thread.join(60)
    behind = read(caller, first["next"])
    assert [message["data"]["sequence"] for message in first["results"]] == [2]
    assert [message["data"]["sequence"] for message in behind["results"]] == [1]
    assert [message["data"]["sequence"] for message in read(caller)["results"]] == [2, 1]


@postgres_only
def test_readers_beside_writers_agree_on_the_order(caller: Caller) -> None:
    events = [event_of(caller) for _ in range(3)]
    done = threading.Event()
    seen: list[list[str]] = []

    def keep_writing(event: Event) -> None:
        for _ in range(25):
            with transaction.atomic():
                write(event, change(), change())
        connection.close()

    def follow() -> None:
        address, ids, last = "/log", [], False
        while not last:
            # Writers that have ended before a page was asked for leave nothing behind it.
            ended = done.is_set()
            page = read(caller, address)
            ids += [message["id"] for message in page["results"]]
            address, last = page["next"], ended and not page["has_more"]
        seen.append(ids)
        connection.close()

    writers = [threading.Thread(target=keep_writing, args=(event,)) for event in events]
    readers = [threading.Thread(target=follow) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join(60)
    done.set()
    for thread in readers:
        thread.join(60)
    in_order = [message["id"] for message in read_on(caller)]
    assert len(set(in_order)) == 150
    assert seen == [in_order, in_order]


def test_what_is_no_longer_kept_is_said_so(caller: Caller) -> None:
    event = event_of(caller)
    write(event, change())
    [gone] = read(caller)["results"]
    MessageBatch.objects.update(created_at=timezone.now() - timedelta(days=31))
    write(event, change())
    assert purge_batches(before=timezone.now() - timedelta(days=30), limit=100) == 1
    assert refusal(caller.get(f"/log?after={gone['id']}")) == (410, "log_expired")
    [left] = read(caller)["results"]
    assert left["id"] != gone["id"]
    # Positions go on where they were, also when nothing is left.
    purge_batches(before=timezone.now(), limit=100)
    write(event, change())
    assert len(read(caller)["results"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        *("after=x", "after=", "after=msg_1_5c67958b", "after=msg_1_0_00000000", "since=yesterday", "since="),
        *("limit=5", "page=1", "since=2030-01-01T00:00:00Z&since=2030-01-01T00:00:00Z"),
        "since=2030-01-01T00:00:00Z&after={id}",
    ],
)
def test_a_query_that_cannot_be_read_is_refused(caller: Caller, query: str) -> None:
    write(event_of(caller), change())
    known = read(caller)["results"][0]["id"]
    assert refusal(caller.get(f"/log?{query.format(id=known)}")) == (400, "invalid")


def test_a_reader_gets_nothing_that_opens_a_ticket(caller: Caller) -> None:
    write(event_of(caller), change())
    assert caller.organizer is not None
    reader = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.READ))
    [message], [shown] = read(caller)["results"], read(reader)["results"]
    assert message["data"].pop("check_in_code") and message["data"].pop("ticket_id")
    assert shown == message
    entrance = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.CHECK_IN))
    assert refusal(entrance.get("/log")) == (403, "forbidden")
