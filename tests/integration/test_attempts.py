"""What a recorded attempt makes of its delivery and its subscription: tried again, ended, switched off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from events.domain.commands import Callback
from events.domain.states import Status
from events.domain.webhooks.retry import FAILURES_TO_OPEN
from events.ledger.webhooks.claims import EndpointCapacity, destinations, purge_deliveries, release
from events.ledger.webhooks.subscriptions import delete_webhook, rotate_secret
from events.models import Event, Webhook, WebhookDelivery, WebhookEndpoint
from tests.support.in_process.outbox import change, end, states, subscribe, take, write

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


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
