"""Who is told through a registration's `callback_url`: endpoints under the default secret of who asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from events.domain.commands import Callback
from events.domain.outcome import Outcome
from events.domain.webhooks.message import MessageType
from events.domain.webhooks.signing import new_secret
from events.domain.webhooks.url import check_url
from events.ledger.records import Subscriber
from events.models import Webhook, WebhookEndpoint
from events.secrets import sealer


def route_of(change: Outcome) -> str | None:
    """Identifies a callback's server and organizer."""
    return f"{change.callback.organizer_id} {_origin(change.callback)}" if change.callback else None


def _origin(callback: Callback) -> str:
    # The door has checked the URL, and the dispatcher checks it again when it connects.
    return check_url(callback.url, allow_private=True).origin


def callbacks(changes: Sequence[Outcome], types: Iterable[MessageType]) -> list[Subscriber]:
    """Returns the callbacks' subscribers: endpoints under the default secret of the organizer who asked for them."""
    origins: dict[int, set[str]] = {}
    for change in changes:
        if change.callback:
            origins.setdefault(change.callback.organizer_id, set()).add(_origin(change.callback))
    return [
        Subscriber(endpoint.webhook_id, endpoint.pk, type_.value, f"{organizer_id} {endpoint.origin}")
        for organizer_id, wanted in origins.items()
        for endpoint in _endpoints(default_webhook(organizer_id), wanted)
        for type_ in types
    ]


def _endpoints(webhook: Webhook, origins: set[str]) -> QuerySet[WebhookEndpoint]:
    wanted = [WebhookEndpoint(webhook=webhook, origin=origin) for origin in sorted(origins)]
    WebhookEndpoint.objects.bulk_create(wanted, ignore_conflicts=True)
    return WebhookEndpoint.objects.filter(webhook=webhook, origin__in=origins)


def default_webhook(organizer_id: int) -> Webhook:
    """Returns the organizer's default secret; creates it when it is first needed."""
    found = Webhook.objects.filter(organizer_id=organizer_id, url="").first()
    if found is not None:
        return found
    made = Webhook(organizer_id=organizer_id, url="", secret=sealer().seal(new_secret()))
    Webhook.objects.bulk_create([made], ignore_conflicts=True)
    return Webhook.objects.get(organizer_id=organizer_id, url="")
