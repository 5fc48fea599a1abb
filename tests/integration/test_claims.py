"""Claims: a message is with one worker at a time, and in order for each ticket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.domain.states import Status
from events.ledger.webhooks.claims import EndpointCapacity, oldest_due, release
from events.ledger.webhooks.subscriptions import change_webhook
from events.models import Event, WebhookDelivery, WebhookEndpoint
from tests.support.in_process.outbox import change, end, subscribe, take, write

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]

postgres_only = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks the whole database")


def test_what_is_claimed_is_claimed_by_no_other_worker_until_the_claim_runs_out(make_event: Make) -> None:
    event = make_event()
    subscribe(event)
    write(event, change(), change())
    now = timezone.now() + timedelta(seconds=1)
    rows = take(now=now)
    assert len(rows) == 2
    assert take(now=now + timedelta(seconds=44)) == []
    assert [row.id for row in take(now=now + timedelta(seconds=46))] == [row.id for row in rows]


@postgres_only
def test_two_workers_at_once_never_claim_the_same(make_event: Make) -> None:
    event = make_event()
    for _ in range(3):
        subscribe(event)
    write(event, *(change() for _ in range(200)))
    found: list[list[int]] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(100)
        mine: list[int] = []
        while rows := take(per_endpoint=10):
            mine += [row.id for row in rows]
        found.append(mine)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    ids = [one for mine in found for one in mine]
    assert len(ids) == len(set(ids))
    # A worker that finds all rows locked goes away: what it left is there for the next look.
    assert len(ids) + len(take(per_endpoint=1000)) == 600


@postgres_only
def test_a_locked_row_is_skipped_and_not_waited_for(make_event: Make) -> None:
    event = make_event()
    subscribe(event)
    write(event, change(), change())
    first = WebhookDelivery.objects.order_by("pk").first()
    assert first is not None
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(WebhookDelivery.objects.select_for_update().filter(pk=first.pk))
            locked.set()
            done.wait(100)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(100)
    try:
        assert [row.id for row in take()] == [first.pk + 1]
    finally:
        done.set()
        thread.join(100)


def test_no_endpoint_fills_a_claim(make_event: Make) -> None:
    event = make_event()
    busy, quiet = subscribe(event), subscribe(event, types=["registration.rejected"])
    write(event, *(change() for _ in range(50)), change(Status.REJECTED))
    rows = take(per_endpoint=5)
    assert sorted(row.webhook_id for row in rows) == [busy.pk] * 5 + [quiet.pk]
    [endpoint] = {row.endpoint_id for row in rows if row.webhook_id == busy.pk}
    assert take(per_endpoint=5, capacities={endpoint: EndpointCapacity(5, 0)}) == []
    assert len(take(per_endpoint=5, capacities={endpoint: EndpointCapacity(5, 7)})) == 7


def test_a_tickets_next_message_waits_for_the_one_before(make_event: Make) -> None:
    event = make_event()
    one, other = subscribe(event), subscribe(event)
    write(event, change(ticket=1_000_001))
    write(event, change(Status.CANCELLED, ticket=1_000_001, revision=2), change(ticket=1_000_002))
    first = take()
    assert [(row.webhook_id, row.type.split(".")[1]) for row in first] == [
        (one.pk, "confirmed"),
        (other.pk, "confirmed"),
        (one.pk, "confirmed"),
        (other.pk, "confirmed"),
    ]
    assert take() == []
    end([row for row in first if row.webhook_id == one.pk])
    assert [(row.webhook_id, row.type) for row in take()] == [(one.pk, "registration.cancelled")]
    end([row for row in first if row.webhook_id == other.pk], 500)
    assert take() == [], "the other's first message is still being tried"
    end(take(now=timezone.now() + timedelta(minutes=1)), 410)
    change_webhook(other, fields={"enabled": True}, now=timezone.now())
    assert [(row.webhook_id, row.type) for row in take()] == [(other.pk, "registration.cancelled")]


def test_what_is_given_back_is_due_at_once(make_event: Make) -> None:
    event = make_event()
    subscribe(event)
    write(event, change(), change())
    rows = take()
    release(rows[:1])
    assert [row.id for row in take()] == [rows[0].id]


def test_the_age_of_what_is_due_leaves_out_endpoints_that_fail(make_event: Make) -> None:
    assert oldest_due() is None
    event = make_event()
    subscribe(event)
    write(event, change(), change())
    first = WebhookDelivery.objects.order_by("pk").values_list("next_attempt_at", flat=True)[0]
    assert oldest_due() == first
    take()  # claimed and not delivered yet: its receiver still waits
    assert oldest_due() == first
    WebhookEndpoint.objects.update(failures=1)
    assert oldest_due() is None
