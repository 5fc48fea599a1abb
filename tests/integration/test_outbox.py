"""The outbox: written with the decisions, claimed by one worker at a time, in order for each ticket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.domain.commands import Callback
from events.domain.states import Status
from events.domain.webhooks.retry import FAILURES_TO_OPEN
from events.ledger.webhooks.claims import EndpointCapacity, destinations, purge_deliveries, release
from events.ledger.webhooks.subscriptions import change_webhook, delete_webhook, rotate_secret
from events.models import Event, Registration, Webhook, WebhookDelivery, WebhookEndpoint
from tests.support.in_process.gate import apply_for
from tests.support.in_process.outbox import change, end, states, subscribe, take, write
from worker.drain import Drain
from worker.failpoints import Failpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
postgres_only = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite locks the whole database")


# Writing


def test_each_change_is_written_for_each_webhook_that_wants_it(make_event: Make) -> None:
    event = make_event()
    everything = subscribe(event)
    confirmed = subscribe(event, types=["registration.confirmed"])
    assert write(event, change(), change(Status.REJECTED), change(Status.WAITLISTED, position=3)) == 4
    rows = WebhookDelivery.objects.filter(webhook=everything).order_by("pk")
    assert [(row.type, row.reason, row.position) for row in rows] == [
        ("registration.confirmed", "", None),
        ("registration.rejected", "sold_out", None),
        ("registration.waitlisted", "", 3),
    ]
    assert states(confirmed) == ["pending"]


def test_only_webhooks_of_the_organizer_that_are_on_and_for_the_event_count(make_event: Make) -> None:
    from events.models import Organizer

    event, other = make_event(), make_event()
    foreign = make_event()
    foreign.organizer = Organizer.objects.create(name="Others")
    foreign.save()
    wanted = subscribe(event, of_event=True)
    subscribe(other, of_event=True)
    subscribe(foreign)
    off, gone = subscribe(event), subscribe(event)
    change_webhook(off, fields={"enabled": False}, now=timezone.now())
    delete_webhook(gone, now=timezone.now())
    assert write(event, change()) == 1
    assert WebhookDelivery.objects.get().webhook == wanted


def test_nobody_to_tell_costs_one_question(make_event: Make, django_assert_num_queries: Callable[..., object]) -> None:
    event = make_event()
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert write(event, *(change() for _ in range(50))) == 0


@postgres_only
def test_a_batch_is_one_statement(make_event: Make, django_assert_num_queries: Callable[..., object]) -> None:
    event = make_event()
    subscribe(event), subscribe(event)
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        assert write(event, *(change() for _ in range(500))) == 1000


def test_sold_out_is_told_once_with_the_event_as_everybody_sees_it(
    make_event: Make, admit: Callable[..., object], drain: Drain
) -> None:
    event = make_event(max_capacity=2)
    webhook = subscribe(event, types=["event.sold_out"])
    for number in range(4):
        admit(event.pk, [apply_for(number)])
        drain.run(event.pk)
    [row] = WebhookDelivery.objects.filter(webhook=webhook)
    assert row.type == "event.sold_out"
    assert '"seats_left":0' in row.data
    assert '"registration_state":"sold_out"' in row.data


def test_messages_are_written_with_the_decisions_or_not_at_all(
    make_event: Make, admit: Callable[..., object], drain: Drain
) -> None:
    from dataclasses import replace

    class Crash(BaseException):
        pass

    def crash(failpoint: Failpoint) -> None:
        if failpoint == "drain.before_commit":
            raise Crash

    event = make_event(max_capacity=2)
    webhook = subscribe(event)
    admit(event.pk, [apply_for(n) for n in range(3)])
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash).run(event.pk)
    assert states(webhook) == []
    hints: list[str] = []
    replace(drain, wake_dispatchers=lambda: hints.append("!")).run(event.pk)
    assert sorted(WebhookDelivery.objects.filter(webhook=webhook).values_list("type", flat=True)) == [
        "event.sold_out",
        "registration.confirmed",
        "registration.confirmed",
        "registration.rejected",
    ]
    assert hints == ["!"]


def test_a_batch_that_is_applied_twice_tells_once(make_event: Make, admit: Callable[..., object], drain: Drain) -> None:
    from dataclasses import replace

    class Crash(BaseException):
        pass

    def crash(failpoint: Failpoint) -> None:
        if failpoint == "drain.after_commit":
            raise Crash

    event = make_event()
    webhook = subscribe(event)
    admit(event.pk, [apply_for(n) for n in range(3)])
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash).run(event.pk)
    drain.run(event.pk)
    assert Registration.objects.filter(event=event).count() == 3
    assert states(webhook) == ["pending"] * 3


def test_callbacks_go_out_under_the_default_secret_server_by_server(make_event: Make) -> None:
    event = make_event()
    urls = ["https://a.example/1", "https://a.example/2", "https://b.example:8443/"]
    assert write(event, change(), *(change(callback=Callback(url, event.organizer_id)) for url in urls)) == 3
    default = Webhook.objects.get(url="")
    rows = WebhookDelivery.objects.filter(webhook=default).order_by("pk")
    assert [row.url for row in rows] == urls
    assert len({row.endpoint_id for row in rows}) == 2
    origins = WebhookEndpoint.objects.filter(webhook=default).values_list("origin", flat=True)
    assert set(origins) == {"https://a.example:443", "https://b.example:8443"}
    subscription = subscribe(event)
    assert write(event, change(callback=Callback(urls[0], event.organizer_id))) == 2
    assert WebhookDelivery.objects.get(webhook=subscription).url == ""


# Claiming


def test_what_is_claimed_is_nobody_elses_until_the_claim_runs_out(make_event: Make) -> None:
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
        start.wait(10)
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
def test_a_row_that_somebody_has_locked_is_skipped_not_waited_for(make_event: Make) -> None:
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
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(10)
    try:
        assert [row.id for row in take()] == [first.pk + 1]
    finally:
        done.set()
        thread.join(10)


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


# Recording


def test_a_failure_waits_as_the_schedule_says_and_a_success_is_the_end(make_event: Make) -> None:
    event = make_event()
    subscribe(event)
    write(event, change())
    at = timezone.now() + timedelta(seconds=1)
    end(take(now=at), 500, at=at)
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts, row.last_status_code, row.last_error) == ("pending", 1, 500, "bad_status")
    assert row.next_attempt_at == at + timedelta(seconds=5)
    assert take(now=at + timedelta(seconds=4)) == []
    later = at + timedelta(seconds=5)
    end(take(now=later), 200, at=later)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_status_code, row.last_error) == ("delivered", 2, 200, "")
    assert take(now=later + timedelta(days=9)) == []


def test_a_late_failure_does_not_count_once_another_worker_has_the_message(make_event: Make) -> None:
    event = make_event()
    subscribe(event)
    write(event, change())
    now = timezone.now() + timedelta(seconds=1)
    late = take(now=now)
    second = take(now=now + timedelta(seconds=50))
    end(late, 500)
    assert WebhookDelivery.objects.get().claimed_until == second[0].claimed_until
    end(late, 204)
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts) == ("delivered", 1)
    end(second, 500)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("delivered", 1), "delivered is delivered"


def test_after_the_last_attempt_it_is_dead(make_event: Make) -> None:
    event = make_event()
    webhook = subscribe(event)
    write(event, change())
    now = timezone.now() + timedelta(seconds=1)
    for _ in range(10):
        assert states(webhook) == ["pending"]
        end(take(now=now), None, at=now)
        now = WebhookDelivery.objects.get().next_attempt_at
    assert states(webhook) == ["dead"]
    assert WebhookDelivery.objects.get().attempts == 10


def test_gone_switches_the_subscription_off(make_event: Make) -> None:
    event = make_event()
    webhook = subscribe(event)
    write(event, change(), change())
    rows = take()
    end(rows[:1], 410)
    webhook.refresh_from_db()
    assert (webhook.disabled_reason, states(webhook)) == ("gone", ["dead", "pending"])
    release(rows[1:])
    assert take() == []
    assert write(event, change()) == 0


def test_only_failures_for_five_days_switch_it_off(make_event: Make) -> None:
    event = make_event()
    webhook = subscribe(event)
    write(event, change(), change())
    now = timezone.now() + timedelta(seconds=1)
    end(take(now=now, per_endpoint=1), 500, at=now)
    end(take(now=now, per_endpoint=1), 500, at=now + timedelta(days=4, hours=23))
    webhook.refresh_from_db()
    assert webhook.disabled_at is None
    later = now + timedelta(days=5, hours=1)
    end(take(now=later), 500, at=later)
    webhook.refresh_from_db()
    assert webhook.disabled_reason == "failing"


def test_one_callback_that_is_gone_switches_no_other_off(make_event: Make) -> None:
    event = make_event()
    for path in ("1", "2"):
        write(event, change(callback=Callback(f"https://a.example/{path}", event.organizer_id)))
    rows = take()
    end(rows[:1], 410)
    default = Webhook.objects.get(url="")
    assert default.disabled_at is None
    assert states(default) == ["dead", "pending"]


def test_an_open_breaker_lets_a_probe_through_when_its_time_is_over(make_event: Make) -> None:
    event = make_event()
    webhook, healthy = subscribe(event), subscribe(event)
    write(event, *(change() for _ in range(30)))
    now = timezone.now() + timedelta(seconds=1)
    rows = [row for row in take(now=now) if row.webhook_id == webhook.pk]
    closed = end(rows[:FAILURES_TO_OPEN], 500, at=now)
    release(rows[FAILURES_TO_OPEN:])
    assert closed == {rows[0].endpoint_id}
    assert take(now=now + timedelta(seconds=4)) == [], "and the healthy one's are all claimed"
    probe = take(now=now + timedelta(seconds=5))
    assert [row.webhook_id for row in probe] == [webhook.pk] * 2
    assert take(now=now + timedelta(seconds=5), capacities={probe[0].endpoint_id: EndpointCapacity(1, 99)}) == []
    assert end(probe, 204, at=now + timedelta(seconds=5)) == set()
    assert len(take(now=now + timedelta(seconds=6))) == 28
    assert states(healthy) == ["pending"] * 30


# Secrets, and forgetting


def test_an_old_secret_signs_for_a_day(make_event: Make) -> None:
    event = make_event()
    webhook = subscribe(event)
    now = timezone.now()
    old = webhook.secret
    rotate_secret(webhook, now=now)
    assert destinations([webhook.pk], now=now + timedelta(hours=23))[webhook.pk].sealed_secrets == (webhook.secret, old)
    assert destinations([webhook.pk], now=now + timedelta(hours=25))[webhook.pk].sealed_secrets == (webhook.secret,)


def test_the_log_is_forgotten_and_what_is_still_tried_is_not(make_event: Make) -> None:
    event = make_event()
    webhook, deleted = subscribe(event), subscribe(event, types=["registration.confirmed"])
    write(event, change(), change(Status.REJECTED))
    end(take(per_endpoint=1)[:1])
    now = timezone.now()
    delete_webhook(deleted, now=now)
    assert purge_deliveries(before=now - timedelta(days=1), limit=100) == 0
    assert purge_deliveries(before=now + timedelta(days=1), limit=100) == 2
    assert set(Webhook.objects.values_list("pk", flat=True)) == {webhook.pk}
    assert WebhookEndpoint.objects.count() == 1
    assert all(state == "pending" for state in states(webhook))
