"""Claims on deliveries: taken before they are sent, released if they are not.

A claim is a time, `claimed_until`, written before anything is sent. If its worker is killed, the claim expires and the
delivery is claimed again. Two workers never get the same row: the second skips rows that the first has locked, and
after the first's commit it sees the claim.

    claim → HTTP, outside any transaction → record (`attempts`), or release if it was not sent
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Min, OuterRef, Q, Subquery

from events.domain.webhooks.message import LoggedAt, logged_at
from events.domain.webhooks.states import DeliveryState
from events.ledger.database import database
from events.models import Webhook, WebhookDelivery, WebhookEndpoint


class ClaimedDelivery(NamedTuple):
    """A delivery that this worker may send until `claimed_until`. The fields are `sql.CLAIMED_COLUMNS`."""

    id: int
    webhook_id: int
    endpoint_id: int
    event_id: int | None
    type: str
    ticket_key: str
    reason: str
    position: int | None
    sequence: int
    requested_at: datetime | None
    decided_at: datetime | None
    checked_in_at: datetime | None
    url: str
    data: str
    created_at: datetime
    step: int
    claimed_until: datetime
    mark: str = ""
    quantity: int = 1
    ticket_type_id: int | None = None
    partly_in: int | None = None
    expires_at: datetime | None = None
    log_batch: int | None = None
    log_index: int | None = None
    hold_confirmed_by: str | None = None

    @property
    def logged(self) -> LoggedAt | None:
        """Where its message stands in the event log."""
        return logged_at(self.log_batch, self.log_index)


class EndpointCapacity(NamedTuple):
    """What a worker can take of one endpoint: it has `claimed` deliveries not recorded yet, and `free` to take."""

    claimed: int
    free: int


class Destination(NamedTuple):
    """Where a webhook's messages go: its URL, and its sealed secrets, the newest first."""

    url: str
    sealed_secrets: tuple[str, ...]


def claim(
    *, now: datetime, until: datetime, capacities: Mapping[int, EndpointCapacity], per_endpoint: int, total: int
) -> list[ClaimedDelivery]:
    """Claims what is due, oldest first, in one short transaction.

    Args:
        until: when the claims expire; later than any attempt that may begin under them.
        capacities: what this worker can take, by endpoint.
        per_endpoint: how many deliveries to take of an endpoint that is not in `capacities`.
        total: how many deliveries to take at most.
    """
    rows = database().claim_deliveries(
        now=now, until=until, capacities=capacities, per_endpoint=per_endpoint, total=total
    )
    return sorted(map(ClaimedDelivery._make, rows))


def destinations(webhook_ids: Sequence[int], *, now: datetime) -> dict[int, Destination]:
    """Returns the destination of each webhook at `now`, by its id, with an older secret while that signs too."""
    return {
        row.pk: Destination(row.url, (row.secret, *_previous(row, now)))
        for row in Webhook.objects.filter(pk__in=webhook_ids)
    }


def _previous(webhook: Webhook, now: datetime) -> tuple[str, ...]:
    until = webhook.previous_secret_until
    return (webhook.previous_secret,) if until is not None and now < until else ()


def release(rows: Sequence[ClaimedDelivery]) -> None:
    """Ends the claims on deliveries that will not be sent. Claims that another worker has taken since are kept."""
    for until in {row.claimed_until for row in rows}:
        ids = [row.id for row in rows if row.claimed_until == until]
        WebhookDelivery.objects.filter(pk__in=ids, claimed_until=until).update(claimed_until=None)


def oldest_due() -> datetime | None:
    """Returns since when the message waits that has been due for the longest; None if none is pending.

    Endpoints that fail are left out: their messages wait for the receiver, and a breaker says when.
    """
    pending = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), state=DeliveryState.PENDING.value)
    first = pending.order_by("next_attempt_at", "pk").values("next_attempt_at")[:1]
    working = WebhookEndpoint.objects.filter(failures=0, webhook__disabled_at=None, webhook__deleted_at=None)
    since: datetime | None = working.annotate(since=Subquery(first)).aggregate(oldest=Min("since"))["oldest"]
    return since


def purge_deliveries(*, before: datetime, limit: int) -> int:
    """Deletes up to `limit` deliveries created before `before`, and deleted webhooks that have none left.

    Pending deliveries are kept, unless their webhook is switched off or deleted. Returns how many
    deliveries it deleted.
    """
    oldest = list(WebhookDelivery.objects.order_by("pk").values_list("pk", flat=True)[:limit])
    tried = Q(state=DeliveryState.PENDING.value, webhook__disabled_at=None, webhook__deleted_at=None)
    old = WebhookDelivery.objects.filter(pk__in=oldest, created_at__lt=before)
    doomed = list(old.exclude(pk__in=old.filter(tried).values("pk")).values_list("pk", flat=True))
    WebhookDelivery.objects.filter(pk__in=doomed).delete()
    empty = Webhook.objects.filter(deleted_at__lt=before).exclude(pk__in=WebhookDelivery.objects.values("webhook_id"))
    empty.delete()
    return len(doomed)
