"""What operators can do for an organizer whose webhooks do not work."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from events.domain.webhooks.signing import signing_key
from events.models import Event, Webhook, WebhookDelivery
from events.secrets import sealer, tickets
from tests.support.in_process.api import create, organizer
from tests.support.in_process.outbox import change, end, states, subscribe, take, write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def webhook(db: None) -> Webhook:
    return subscribe(Event.objects.get(pk=create(organizer())))


def act(operator: Client, row: Any, action: str, **more: str) -> Any:
    path = f"/admin/events/{row._meta.model_name}/"
    return operator.post(path, {"action": action, "_selected_action": str(row.pk), **more})


def test_every_page_opens_and_shows_no_secret(operator: Client, webhook: Webhook) -> None:
    write(Event.objects.get(), change())
    for row in (webhook, WebhookDelivery.objects.get()):
        for path in ("", f"{row.pk}/change/"):
            page = operator.get(f"/admin/events/{row._meta.model_name}/{path}")
            assert page.status_code == 200
            assert webhook.secret not in page.content.decode()


def test_switching_off_and_on(operator: Client, webhook: Webhook) -> None:
    act(operator, webhook, "disable")
    webhook.refresh_from_db()
    assert webhook.disabled_reason == "by_hand"
    act(operator, webhook, "enable")
    webhook.refresh_from_db()
    assert webhook.disabled_at is None


def test_a_rotated_secret_is_shown_once(operator: Client, webhook: Webhook) -> None:
    page = act(operator, webhook, "rotate")
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.content.decode())
    webhook.refresh_from_db()
    assert signing_key(secret) == signing_key(sealer().open(webhook.secret))
    assert "no-store" in page["Cache-Control"]
    assert secret not in operator.get("/admin/events/webhook/").content.decode()


def test_a_test_message_a_retry_and_a_replay(operator: Client, webhook: Webhook) -> None:
    act(operator, webhook, "send_test")
    [row] = take()
    assert row.type == "webhook.test"
    end([row])
    act(operator, WebhookDelivery.objects.get(), "retry")
    assert states(webhook) == ["pending"]
    end(take())
    assert "Every message since then" in act(operator, webhook, "replay").content.decode()
    assert states(webhook) == ["delivered"]
    act(operator, webhook, "replay", since_0="2026-01-01", since_1="12:00")
    assert states(webhook) == ["pending"]


def test_a_tickets_messages_are_found_by_its_id(operator: Client, webhook: Webhook) -> None:
    event = Event.objects.get()
    write(event, change(), change())
    row = WebhookDelivery.objects.latest("pk")
    ticket = tickets().ticket_id(event_id=event.pk, key=row.ticket_key)
    found = operator.get("/admin/events/webhookdelivery/", {"q": ticket}).context["cl"].queryset
    assert [one.pk for one in found] == [row.pk]
