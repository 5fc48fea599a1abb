"""Webhooks for the API and the admin: subscriptions, secrets, the delivery log, retries and replays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from events.domain.times import iso_of, whole_ms
from events.domain.webhooks.message import TEST_TYPE, encode_data
from events.domain.webhooks.sealing import CannotOpen
from events.domain.webhooks.signing import new_secret
from events.domain.webhooks.states import DeliveryState, DisabledReason
from events.domain.webhooks.stored import StoredMessage
from events.ledger.idempotency import reseal_answers
from events.ledger.records import Subscriber
from events.ledger.webhooks.about_events import write_other_messages
from events.ledger.webhooks.callbacks import default_webhook
from events.models import Event, Organizer, Webhook, WebhookDelivery, WebhookEndpoint
from events.secrets import sealer, tickets

OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
_CHUNK = 5000
_RESTART = {"state": DeliveryState.PENDING.value, "step": 0, "claimed_until": None}


def create_webhook(
    *, organizer: Organizer, url: str, event_types: Sequence[str], event: Event | None
) -> tuple[Webhook, str]:
    """Creates a subscription. Returns it and its secret in clear text, which cannot be read again later."""
    secret = new_secret()
    with transaction.atomic():
        webhook = Webhook.objects.create(
            organizer=organizer, url=url, event_types=list(event_types), event=event, secret=sealer().seal(secret)
        )
        WebhookEndpoint.objects.create(webhook=webhook)
    return webhook, secret


def own_webhooks(*, organizer_id: int) -> QuerySet[Webhook]:
    """Returns the organizer's webhooks, oldest first, including the default secret if there is one."""
    return Webhook.objects.filter(organizer_id=organizer_id, deleted_at=None).order_by("pk")


def own_webhook(*, webhook_id: int, organizer_id: int) -> Webhook | None:
    """Returns the webhook if it belongs to the organizer."""
    return own_webhooks(organizer_id=organizer_id).filter(pk=webhook_id).first()


def change_webhook(webhook: Webhook, *, fields: Mapping[str, Any], now: datetime) -> Webhook:
    """Writes validated `fields`; `enabled` switches the subscription on or off.

    A new URL, or switching it on, resets the breaker: earlier failures no longer count.
    """
    columns = {name: value for name, value in fields.items() if name != "enabled"}
    enabled = fields.get("enabled")
    if enabled is True:
        columns |= {"disabled_at": None, "disabled_reason": ""}
    elif enabled is False and webhook.disabled_at is None:
        columns |= {"disabled_at": now, "disabled_reason": DisabledReason.BY_HAND.value}
    with transaction.atomic():
        if columns:
            Webhook.objects.filter(pk=webhook.pk).update(**columns)
        if enabled is True or "url" in columns:
            _reset_breakers(webhook.pk)
    webhook.refresh_from_db()
    return webhook


def _reset_breakers(webhook_id: int) -> None:
    endpoints = WebhookEndpoint.objects.filter(webhook_id=webhook_id)
    endpoints.update(failures=0, trips=0, open_until=None, failing_since=None)


def delete_webhook(webhook: Webhook, *, now: datetime) -> None:
    """Marks a webhook as deleted: nothing more is sent. Its rows are deleted with the log's retention."""
    Webhook.objects.filter(pk=webhook.pk, deleted_at=None).update(deleted_at=now)


def rotate_secret(webhook: Webhook, *, now: datetime) -> str:
    """Makes a new secret and returns it in clear text. The one before it also signs for a day; older ones do not."""
    secret = new_secret()
    with transaction.atomic():
        locked = Webhook.objects.select_for_update().get(pk=webhook.pk)
        locked.previous_secret, locked.previous_secret_until = locked.secret, now + OLD_SECRET_SIGNS_FOR
        locked.secret = sealer().seal(secret)
        locked.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    webhook.refresh_from_db()
    return secret


def renew_default_secret(*, organizer: Organizer, now: datetime) -> tuple[Webhook, str]:
    """Makes a new default secret for the organizer, and returns it as `rotate_secret` does."""
    webhook = default_webhook(organizer.pk)
    return webhook, rotate_secret(webhook, now=now)


class Resealed(NamedTuple):
    """Counts of secrets: resealed now, already up to date, and not readable under any known SECRET_KEY."""

    resealed: int
    current: int
    unreadable: int


def reseal_secrets() -> Resealed:
    """Reseals every webhook's secrets and every kept answer under the current SECRET_KEY, a transaction for each.

    Webhooks are locked as in a rotation, so the two take turns. After an interruption it can be called again.
    """
    counts = Counter(
        found for pk in Webhook.objects.order_by("pk").values_list("pk", flat=True) for found in _reseal(pk)
    )
    counts.update(reseal_answers())
    return Resealed(counts["resealed"], counts["current"], counts["unreadable"])


def _reseal(webhook_id: int) -> list[str]:
    """Returns what was done for each secret of a webhook: the names of the fields of `Resealed`."""
    with transaction.atomic():
        locked = Webhook.objects.select_for_update().get(pk=webhook_id)
        found = [_reseal_field(locked, name) for name in ("secret", "previous_secret") if getattr(locked, name)]
        if "resealed" in found:
            locked.save(update_fields=["secret", "previous_secret"])
    return found


def _reseal_field(webhook: Webhook, name: str) -> str:
    try:
        fresh = sealer().reseal(getattr(webhook, name))
    except CannotOpen:
        return "unreadable"
    if fresh is None:
        return "current"
    setattr(webhook, name, fresh)
    return "resealed"


def send_test(webhook: Webhook, *, now: datetime) -> WebhookDelivery:
    """Writes a test message into the outbox, whatever types the webhook is subscribed to."""
    endpoint = WebhookEndpoint.objects.get(webhook=webhook, origin="")
    now = whole_ms(now)
    data = {"webhook_id": webhook.pk, "sent_at": iso_of(now)}
    subscriber = Subscriber(webhook.pk, endpoint.pk, TEST_TYPE)
    message = StoredMessage(TEST_TYPE, mark=tickets().mark, data=encode_data(data))
    return write_other_messages([subscriber], event_id=webhook.event_id, message=message, now=now)[0]


def deliveries(webhook: Webhook, *, state: str = "") -> QuerySet[WebhookDelivery]:
    """Returns the delivery log, newest first."""
    rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("-pk")
    return rows.filter(state=state) if state else rows


def own_delivery(webhook: Webhook, *, delivery_id: int) -> WebhookDelivery | None:
    """Returns the delivery if it belongs to the webhook."""
    return WebhookDelivery.objects.filter(webhook=webhook, pk=delivery_id).first()


def retry(delivery: WebhookDelivery, *, now: datetime) -> WebhookDelivery:
    """Makes a delivery due now, whatever its state; its retry schedule starts again.

    A delivery that a worker is sending right now is not changed: the requested attempt is under way.
    """
    rows = WebhookDelivery.objects.filter(pk=delivery.pk)
    rows.exclude(state=DeliveryState.PENDING.value, claimed_until__gt=now).update(**_RESTART, next_attempt_at=now)
    delivery.refresh_from_db()
    return delivery


def replay(webhook: Webhook, *, since: datetime, now: datetime) -> int:
    """Resends every message created since `since`, delivered or dead, keeping its id. Returns how many.

    Works in chunks, each a transaction, so that a large replay stays within the statement timeout. It can be called
    again after an interruption: pending deliveries are not changed.
    """
    rows = WebhookDelivery.objects.filter(webhook=webhook, created_at__gte=since)
    rows = rows.exclude(state=DeliveryState.PENDING.value).order_by("pk")
    replayed, last = 0, 0
    while ids := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:_CHUNK]):
        done = WebhookDelivery.objects.filter(pk__in=ids).exclude(state=DeliveryState.PENDING.value)
        replayed += done.update(**_RESTART, next_attempt_at=now)
        last = ids[-1]
    return replayed
