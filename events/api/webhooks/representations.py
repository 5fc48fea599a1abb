"""Renders webhooks and deliveries for their organizer. A secret is shown once, when it is made."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from msgspec import UNSET
from msgspec.structs import asdict

from events.domain.public import webhook as public
from events.domain.scopes import Scope
from events.domain.times import iso_of
from events.domain.webhooks.states import DeliveryState
from events.models import Webhook, WebhookDelivery, WebhookEndpoint
from events.secrets import message_ids, tickets


def render_webhook(webhook: Webhook, *, scope: Scope = Scope.FULL) -> public.Webhook:
    """Renders a subscription, or the default secret, without its secret."""
    return render_webhooks([webhook], scope=scope)[0]


def render_webhooks(webhooks: list[Webhook], *, scope: Scope = Scope.FULL) -> list[public.Webhook]:
    """Renders many, with one query for all of their breakers."""
    own = WebhookEndpoint.objects.filter(webhook__in=webhooks, origin="")
    failing = dict(own.values_list("webhook_id", "failing_since"))
    return [_webhook(webhook, failing.get(webhook.pk), scope) for webhook in webhooks]


def render_new_webhook(webhook: Webhook, *, secret: str) -> public.NewWebhook:
    """Renders a webhook with the secret that has just been made."""
    return public.NewWebhook(**asdict(render_webhook(webhook)), secret=secret)


def _webhook(webhook: Webhook, failing_since: datetime | None, scope: Scope) -> public.Webhook:
    return public.Webhook(
        id=webhook.pk,
        url=_url(webhook.url, scope),
        default_secret=webhook.is_default,
        event_types=webhook.event_types,
        event_id=webhook.event_id,
        enabled=webhook.disabled_at is None,
        disabled_at=iso_of(webhook.disabled_at),
        disabled_reason=webhook.disabled_reason or None,
        failing_since=iso_of(failing_since),
        previous_secret_until=iso_of(webhook.previous_secret_until),
        created_at=iso_of(webhook.created_at),
    )


def render_delivery(row: WebhookDelivery, *, scope: Scope = Scope.FULL) -> public.Delivery:
    """Renders one line of the delivery log; without the ticket's id, its key, for another scope than `full`."""
    pending = row.state == DeliveryState.PENDING.value
    return public.Delivery(
        id=row.pk,
        webhook_id=row.webhook_id,
        message_id=message_ids().of(row.pk, row.mark, logged=row.logged),
        type=row.type,
        event_id=row.event_id,
        ticket_id=_ticket_id(row) if scope is Scope.FULL else UNSET,
        url=_url(row.url, scope),
        state=row.state,
        attempts=row.attempts,
        last_status_code=row.last_status_code,
        last_error=row.last_error or None,
        last_attempt_at=iso_of(row.last_attempt_at),
        next_attempt_at=iso_of(row.next_attempt_at) if pending else None,
        created_at=iso_of(row.created_at),
    )


def _ticket_id(row: WebhookDelivery) -> str | None:
    if not row.event_id or not row.ticket_key:
        return None
    return tickets().ticket_id(event_id=row.event_id, key=row.ticket_key, mark=row.mark)


def _url(url: str, scope: Scope) -> str | None:
    """Returns the address; its server alone unless the scope is `full`, since many receivers keep a key in the path."""
    if not url or scope is Scope.FULL:
        return url or None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"
