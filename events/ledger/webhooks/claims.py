"""Claims on deliveries: taken before they are sent, released if they are not.

A claim is a time, `claimed_until`, written before anything is sent. If its worker is killed, the claim expires and the
delivery is claimed again. Two workers never get the same row: the second skips rows that the first has locked, and
after the first's commit it sees the claim.

    claim → HTTP, outside any transaction → record (`attempts`), or release if it was not sent
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from events.models import Webhook, WebhookDelivery, WebhookEndpoint
from events.models.webhook import DeliveryState

_encode = msgspec.json.Encoder().encode

_COLUMNS = (
    *("id", "webhook_id", "endpoint_id", "event_id", "type", "ticket_key", "reason", "position", "sequence"),
    *("requested_at", "decided_at", "checked_in_at", "url", "data", "created_at", "step", "claimed_until", "mark"),
)


class ClaimedDelivery(NamedTuple):
    """A delivery that this worker may send until `claimed_until`. The fields are columns of `WebhookDelivery`."""

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


class EndpointCapacity(NamedTuple):
    """What a worker can take of one endpoint: it has `claimed` deliveries not recorded yet, and `room` for more."""

    claimed: int
    room: int


class Destination(NamedTuple):
    """Where a webhook's messages go: its URL, and its sealed secrets, the newest first."""

    url: str
    sealed_secrets: tuple[str, ...]


# What may be sent now. A message waits while an earlier one of its ticket has not come to an end; a first one, which
# nearly all are, has none before it.
_DUE = """
    SELECT m.id FROM events_webhookdelivery m
    WHERE m.endpoint_id = p.id AND m.state = 'pending' AND m.next_attempt_at <= %(now)s
        AND (m.claimed_until IS NULL OR m.claimed_until <= %(now)s)
        AND (m.revision <= 1 OR NOT EXISTS (
            SELECT 1 FROM events_webhookdelivery b
            WHERE b.event_id = m.event_id AND b.sequence = m.sequence AND b.state = 'pending'
                AND b.ticket_key = m.ticket_key AND b.webhook_id = m.webhook_id AND b.revision < m.revision))
"""

# Endpoint by endpoint, so that a long queue of one takes no other's turn. An open breaker lets nothing through, and
# when its time is over two messages: the oldest of those that were tried before, and one that was not. Some receivers
# refuse what they see for the first time, and some a single message each time: one of the two has a chance with
# either. While it is closed, half of the room is for what was tried before, or it would wait behind all that is new.
# (By `created_at`, which no index has: by `id` the planner would walk the primary key through all of the log.)
_CLAIM = f"""
WITH picked AS (
    SELECT d.id FROM (
        SELECT e.id, CASE WHEN e.trips > 0 THEN GREATEST(0, 1 - COALESCE(h.n, 0))
            ELSE COALESCE(h.r, %(room)s) END AS room, e.trips > 0 AS probing
        FROM events_webhookendpoint e
        JOIN events_webhook w ON w.id = e.webhook_id AND w.disabled_at IS NULL AND w.deleted_at IS NULL
        LEFT JOIN json_to_recordset(%(held)s) AS h (e bigint, n int, r int) ON h.e = e.id
        WHERE e.open_until IS NULL OR e.open_until <= %(now)s
        ORDER BY random()
    ) p
    CROSS JOIN LATERAL (
        (SELECT o.id FROM ({_DUE} AND m.step > 0
            ORDER BY m.created_at, m.id LIMIT CASE WHEN p.probing THEN p.room ELSE 0 END
            FOR UPDATE OF m SKIP LOCKED) o)
        UNION
        (SELECT o.id FROM ({_DUE} AND m.step > 0
            ORDER BY m.next_attempt_at, m.id LIMIT CASE WHEN p.probing THEN 0 ELSE (p.room + 1) / 2 END
            FOR UPDATE OF m SKIP LOCKED) o)
        UNION
        (SELECT o.id FROM ({_DUE} AND (m.step = 0 OR NOT p.probing)
            ORDER BY m.next_attempt_at, m.id LIMIT p.room FOR UPDATE OF m SKIP LOCKED) o)
    ) d
    LIMIT %(total)s
)
UPDATE events_webhookdelivery d SET claimed_until = %(until)s FROM picked WHERE d.id = picked.id
RETURNING {", ".join(f"d.{name}" for name in _COLUMNS)}
"""  # noqa: S608 - column names of our own


def claim(
    *, now: datetime, until: datetime, capacities: Mapping[int, EndpointCapacity], room: int, total: int
) -> list[ClaimedDelivery]:
    """Claims what is due, oldest first, in one short transaction.

    Args:
        until: when the claims expire; later than any attempt that may begin under them.
        capacities: what this worker can take, by endpoint.
        room: how many deliveries to take of an endpoint that is not in `capacities`.
        total: how many deliveries to take at most.
    """
    if connection.vendor != "postgresql":
        return _claim_slowly(now, until, capacities, room, total)
    documents = [{"e": endpoint, "n": found.claimed, "r": found.room} for endpoint, found in capacities.items()]
    values: dict[str, Any] = {
        "now": now,
        "until": until,
        "room": room,
        "total": total,
        "held": _encode(documents).decode(),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        # A claim that a crash of the server loses is made again: waiting for the disk would gain nothing.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        cursor.execute(_CLAIM, values)
        return sorted(map(ClaimedDelivery._make, cursor.fetchall()))


def _claim_slowly(
    now: datetime, until: datetime, capacities: Mapping[int, EndpointCapacity], room: int, total: int
) -> list[ClaimedDelivery]:
    """Claims on SQLite, whose transactions lock the whole database."""
    ids: list[int] = []
    with transaction.atomic():
        ready = WebhookEndpoint.objects.filter(webhook__disabled_at=None, webhook__deleted_at=None)
        for endpoint in ready.filter(Q(open_until=None) | Q(open_until__lte=now)).order_by("?"):
            capacity = capacities.get(endpoint.pk, EndpointCapacity(0, room))
            due = WebhookDelivery.objects.filter(Q(claimed_until=None) | Q(claimed_until__lte=now))
            due = due.filter(endpoint=endpoint, state=DeliveryState.PENDING.value, next_attempt_at__lte=now)
            tried, new = due.filter(step__gt=0), due.filter(step=0)
            if endpoint.trips:
                probe = max(0, 1 - capacity.claimed)
                ids += _first(tried.order_by("created_at", "pk"), probe) + _first(
                    new.order_by("next_attempt_at", "pk"), probe
                )
            else:
                ids += _first(tried.order_by("next_attempt_at", "pk"), (capacity.room + 1) // 2)
                ids += _first(due.order_by("next_attempt_at", "pk"), capacity.room)
        picked = WebhookDelivery.objects.filter(pk__in=ids[:total])
        picked.update(claimed_until=until)
        return [ClaimedDelivery._make(row) for row in picked.order_by("pk").values_list(*_COLUMNS)]


def _first(rows: QuerySet[WebhookDelivery], count: int) -> list[int]:
    return list(itertools.islice((row.pk for row in rows.iterator() if not _must_wait(row)), count))


def _must_wait(row: WebhookDelivery) -> bool:
    same = {"event_id": row.event_id, "ticket_key": row.ticket_key, "webhook_id": row.webhook_id}
    before = WebhookDelivery.objects.filter(**same, state=DeliveryState.PENDING.value, revision__lt=row.revision)
    return row.revision > 1 and before.exists()


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


def purge(*, before: datetime, limit: int) -> int:
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
