"""What the API and the admin do with webhooks: subscriptions, secrets, the delivery log, sending again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from events.domain.times import iso_of, whole_ms
from events.domain.webhooks.message import TEST_TYPE
from events.domain.webhooks.sealing import CannotOpen
from events.domain.webhooks.signing import new_secret
from events.ledger.webhooks.outbox import default_webhook, write_notice
from events.models import Event, Organizer, Webhook, WebhookDelivery, WebhookEndpoint
from events.models.webhook import DeliveryState, DisabledReason
from events.secrets import sealer

OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
_CHUNK = 5000
_AGAIN = {"state": DeliveryState.PENDING.value, "step": 0, "claimed_until": None}


def create_webhook(
    *, organizer: Organizer, url: str, event_types: Sequence[str], event: Event | None
) -> tuple[Webhook, str]:
    """A new subscription, and its secret in clear, the only time anybody can see it."""
    secret = new_secret()
    with transaction.atomic():
        webhook = Webhook.objects.create(
            organizer=organizer, url=url, event_types=list(event_types), event=event, secret=sealer().seal(secret)
        )
        WebhookEndpoint.objects.create(webhook=webhook)
    return webhook, secret


def own_webhooks(*, organizer_id: int) -> QuerySet[Webhook]:
    """The organizer's, oldest first, the default secret among them if there is one."""
    return Webhook.objects.filter(organizer_id=organizer_id, deleted_at=None).order_by("pk")


def own_webhook(*, webhook_id: int, organizer_id: int) -> Webhook | None:
    """The webhook if it is this organizer's."""
    return own_webhooks(organizer_id=organizer_id).filter(pk=webhook_id).first()


def change_webhook(webhook: Webhook, *, fields: Mapping[str, Any], now: datetime) -> Webhook:
    """Writes validated `fields`; `enabled` switches the subscription on or off.

    A new URL and being switched on begin with a clean slate: what the old one did is not held against it.
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
            _forget_failures(webhook.pk)
    webhook.refresh_from_db()
    return webhook


def _forget_failures(webhook_id: int) -> None:
    endpoints = WebhookEndpoint.objects.filter(webhook_id=webhook_id)
    endpoints.update(failures=0, trips=0, open_until=None, failing_since=None)


def delete_webhook(webhook: Webhook, *, now: datetime) -> None:
    """Nothing more is sent, from now on. Its rows go with the log's retention."""
    Webhook.objects.filter(pk=webhook.pk, deleted_at=None).update(deleted_at=now)


def rotate_secret(webhook: Webhook, *, now: datetime) -> str:
    """A new secret, in clear, this once. The old one signs beside it for a day; an even older one no more."""
    secret = new_secret()
    with transaction.atomic():
        locked = Webhook.objects.select_for_update().get(pk=webhook.pk)
        locked.previous_secret, locked.previous_secret_until = locked.secret, now + OLD_SECRET_SIGNS_FOR
        locked.secret = sealer().seal(secret)
        locked.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    webhook.refresh_from_db()
    return secret


def renew_default_secret(*, organizer: Organizer, now: datetime) -> tuple[Webhook, str]:
    """The organizer's default secret, new; whatever was signed with the one before is so for another day."""
    webhook = default_webhook(organizer.pk)
    return webhook, rotate_secret(webhook, now=now)


class Resealed(NamedTuple):
    """Sealed texts that are sealed anew now, that were up to date, and that no known secret opens."""

    resealed: int
    current: int
    unreadable: int


def reseal_secrets() -> Resealed:
    """Seals what older secrets have sealed under the current one, webhook by webhook.

    Each is locked, as a rotation locks it, so the two take turns. Interrupted, it may simply be called again.
    """
    counts = Counter(
        found for pk in Webhook.objects.order_by("pk").values_list("pk", flat=True) for found in _reseal(pk)
    )
    return Resealed(counts["resealed"], counts["current"], counts["unreadable"])


def _reseal(webhook_id: int) -> list[str]:
    """A word for each secret of a webhook: what was found or done."""
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
    """Puts a test message into the outbox, whatever the subscription's types are."""
    endpoint = WebhookEndpoint.objects.get(webhook=webhook, origin="")
    now = whole_ms(now)
    data = {"webhook_id": webhook.pk, "sent_at": iso_of(now)}
    listener = (webhook.pk, endpoint.pk, TEST_TYPE, None)
    return write_notice([listener], event_id=webhook.event_id, type_=TEST_TYPE, data=data, now=now)[0]


def deliveries(webhook: Webhook, *, state: str = "") -> QuerySet[WebhookDelivery]:
    """The log, newest first."""
    rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("-pk")
    return rows.filter(state=state) if state else rows


def own_delivery(webhook: Webhook, *, delivery_id: int) -> WebhookDelivery | None:
    """The delivery if it is this webhook's."""
    return WebhookDelivery.objects.filter(webhook=webhook, pk=delivery_id).first()


def retry(delivery: WebhookDelivery, *, now: datetime) -> WebhookDelivery:
    """Lets a delivery be attempted at once, whatever became of it; its schedule begins again.

    One that a worker is just sending is left to it: the attempt that was asked for is under way.
    """
    rows = WebhookDelivery.objects.filter(pk=delivery.pk)
    rows.exclude(state=DeliveryState.PENDING.value, claimed_until__gt=now).update(**_AGAIN, next_attempt_at=now)
    delivery.refresh_from_db()
    return delivery


def replay(webhook: Webhook, *, since: datetime, now: datetime) -> int:
    """Sends everything made since then once more, delivered or dead, under the same ids. Returns how many.

    In chunks, each a transaction: a replay of a whole drop must not outlive its statement timeout. Interrupted, it may
    simply be asked for again: what waits already is not touched.
    """
    rows = WebhookDelivery.objects.filter(webhook=webhook, created_at__gte=since)
    rows = rows.exclude(state=DeliveryState.PENDING.value).order_by("pk")
    replayed, last = 0, 0
    while ids := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:_CHUNK]):
        done = WebhookDelivery.objects.filter(pk__in=ids).exclude(state=DeliveryState.PENDING.value)
        replayed += done.update(**_AGAIN, next_attempt_at=now)
        last = ids[-1]
    return replayed
