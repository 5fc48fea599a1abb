"""The log of deliveries under /webhooks: test messages, retries, and replays under the same ids."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event, Webhook, WebhookDelivery
from events.secrets import message_ids
from tests.support.in_process.api import Caller, create, organizer
from tests.support.in_process.outbox import change, end, states, take, write
from tests.support.in_process.webhooks_api import refusal, subscribe

pytestmark = pytest.mark.django_db(transaction=True)


def sent(caller: Caller, webhook_id: int, number: int = 1) -> list[int]:
    """Ids of as many delivered messages."""
    event = Event.objects.get(pk=create(caller))
    write(event, *(change() for _ in range(number)))
    end([row for row in take() if row.webhook_id == webhook_id])
    return list(WebhookDelivery.objects.filter(webhook_id=webhook_id).order_by("pk").values_list("pk", flat=True))


def test_a_test_message_is_a_delivery_like_any_other() -> None:
    caller = organizer()
    made = subscribe(caller, event_types=["event.sold_out"])
    answer = caller.post(f"/webhooks/{made['id']}/test")
    assert answer.status_code == 202
    data = answer.json()["data"]
    assert (data["type"], data["state"], data["attempts"]) == ("webhook.test", "pending", 0)
    [row] = take()
    assert (row.id, row.type) == (data["id"], "webhook.test")


def test_the_log_tells_state_attempts_last_status_and_next_attempt() -> None:
    caller = organizer()
    made = subscribe(caller)
    event = Event.objects.get(pk=create(caller))
    write(event, change(), change())
    rows = take()
    end(rows[:1], 503)
    end(rows[1:], 204)
    page = caller.get(f"/webhooks/{made['id']}/deliveries").json()["data"]
    newest, oldest = page["results"]
    assert (newest["state"], newest["attempts"], newest["last_status_code"], newest["next_attempt_at"]) == (
        *("delivered", 1, 204, None),
    )
    assert (oldest["state"], oldest["attempts"], oldest["last_status_code"]) == ("pending", 1, 503)
    assert oldest["next_attempt_at"] > oldest["last_attempt_at"]
    assert oldest["message_id"] == message_ids().of(rows[0].id, logged=rows[0].logged)
    assert oldest["ticket_id"].startswith(f"{event.pk}-{rows[0].ticket_key}")
    only = caller.get(f"/webhooks/{made['id']}/deliveries?state=pending").json()["data"]
    assert [row["id"] for row in only["results"]] == [oldest["id"]]
    assert refusal(caller.get(f"/webhooks/{made['id']}/deliveries?state=lost")) == (400, "invalid")


def test_a_retry_makes_a_dead_delivery_due_at_once() -> None:
    caller = organizer()
    made = subscribe(caller)
    [delivery] = sent(caller, made["id"])
    WebhookDelivery.objects.filter(pk=delivery).update(state="dead", attempts=10, step=10)
    answer = caller.post(f"/webhooks/{made['id']}/deliveries/{delivery}/retry")
    assert answer.status_code == 202
    assert (answer.json()["data"]["state"], answer.json()["data"]["attempts"]) == ("pending", 10)
    [row] = take()
    assert (row.id, row.step) == (delivery, 0)
    other = subscribe(caller)
    assert refusal(caller.post(f"/webhooks/{other['id']}/deliveries/{delivery}/retry")) == (404, "delivery_not_found")


def test_a_retry_leaves_an_attempt_alone_that_is_under_way() -> None:
    caller = organizer()
    made = subscribe(caller)
    write(Event.objects.get(pk=create(caller)), change())
    [row] = take(now=timezone.now())
    caller.post(f"/webhooks/{made['id']}/deliveries/{row.id}/retry")
    assert WebhookDelivery.objects.get().claimed_until == row.claimed_until


def test_a_replay_sends_everything_since_then_under_the_same_ids() -> None:
    caller = organizer()
    made = subscribe(caller)
    old, *new = sent(caller, made["id"], 4)
    WebhookDelivery.objects.filter(pk=old).update(created_at=timezone.now() - timedelta(days=2))
    WebhookDelivery.objects.filter(pk=new[0]).update(state="dead")
    since = (timezone.now() - timedelta(days=1)).isoformat()
    answer = caller.post(f"/webhooks/{made['id']}/replay", {"since": since})
    assert (answer.status_code, answer.json()["data"]) == (202, {"replayed": 3})
    assert [row.id for row in take()] == new
    assert states(Webhook.objects.get(pk=made["id"])) == ["delivered", "pending", "pending", "pending"]
    again = caller.post(f"/webhooks/{made['id']}/replay", {"since": since})
    assert again.json()["data"] == {"replayed": 0}, "what waits already is not touched"


@pytest.mark.parametrize("since", [None, "yesterday", "2026-11-24T12:00:00", 5])
def test_a_replay_needs_a_time_with_an_offset(since: object) -> None:
    caller = organizer()
    answer = caller.post(f"/webhooks/{subscribe(caller)['id']}/replay", {"since": since})
    assert list(answer.json()["errors"]) == ["since"]
