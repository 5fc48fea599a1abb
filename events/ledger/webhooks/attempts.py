"""Records attempts in bulk: their deliveries, their endpoints' breakers, and subscriptions to switch off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from events.domain.webhooks.retry import AttemptResult, Breaker, CompletedDispatch, RetryDecision, decide_retry
from events.ledger.webhooks.claims import ClaimedDelivery
from events.models import Webhook, WebhookDelivery, WebhookEndpoint
from events.models.webhook import DeliveryState, DisabledReason

_encode = msgspec.json.Encoder().encode
_STATES = {
    CompletedDispatch.DELIVERED: DeliveryState.DELIVERED,
    CompletedDispatch.RETRY: DeliveryState.PENDING,
    CompletedDispatch.DEAD: DeliveryState.DEAD,
}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `error` is a code for the delivery log, empty after a 2xx; `jitter` is from 0 to 1."""

    delivery: ClaimedDelivery
    result: AttemptResult
    error: str
    jitter: float

    @property
    def decision(self) -> RetryDecision:
        """Whether the delivery is delivered, retried or dead."""
        return decide_retry(self.result, step=self.delivery.step + 1, jitter=self.jitter)


# A success counts even if another worker has claimed the row since: it was delivered. A failure counts only under the
# claim that the attempt was made with.
# Row by row through the primary key: an outbox that was empty a moment ago looks small to the planner, which would
# read all of it for each round.
_BY_KEY = "SET LOCAL enable_hashjoin TO off; SET LOCAL enable_mergejoin TO off"
_RECORD = """
UPDATE events_webhookdelivery d SET
    state = r.s, next_attempt_at = COALESCE(r.n, d.next_attempt_at), claimed_until = NULL,
    attempts = d.attempts + 1, step = r.p, last_attempt_at = r.a, last_status_code = r.c, last_error = r.x
FROM json_to_recordset(%s) AS r
    (i bigint, s varchar, n timestamptz, u timestamptz, p int, a timestamptz, c int, x varchar)
WHERE d.id = r.i AND d.state NOT IN ('delivered', 'dead') AND (r.s = 'delivered' OR d.claimed_until = r.u)
"""


def record(attempts: Sequence[Attempt], *, now: datetime) -> set[int]:
    """Writes `attempts` in one transaction. Returns the ids of endpoints whose breaker is open."""
    with transaction.atomic():
        _record_deliveries(attempts)
        blocked = _update_breakers(attempts, now)
        _switch_off([a.delivery.webhook_id for a in attempts if a.result.gone], now=now)
    return blocked


def _record_deliveries(attempts: Sequence[Attempt]) -> None:
    records = [_record(attempt) for attempt in attempts]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_BY_KEY)
            cursor.execute(_RECORD, [_encode(records).decode()])
        return
    for attempt, fields in zip(attempts, records, strict=True):
        row = WebhookDelivery.objects.filter(pk=attempt.delivery.id, state=DeliveryState.PENDING.value).first()
        if row and (attempt.result.delivered or row.claimed_until == attempt.delivery.claimed_until):
            _record_slowly(row, fields)


def _record_slowly(row: WebhookDelivery, fields: dict[str, Any]) -> None:
    row.state, row.step, row.attempts = fields["s"], fields["p"], row.attempts + 1
    row.next_attempt_at, row.claimed_until = fields["n"] or row.next_attempt_at, None
    row.last_attempt_at, row.last_status_code, row.last_error = fields["a"], fields["c"], fields["x"]
    row.save()


def _record(attempt: Attempt) -> dict[str, Any]:
    decision, row, result = attempt.decision, attempt.delivery, attempt.result
    return {
        "i": row.id,
        "s": _STATES[decision.completed].value,
        "n": decision.at,
        "u": row.claimed_until,
        "p": row.step + 1,
        "a": result.started_at,
        "c": result.status,
        "x": attempt.error,
    }


def _update_breakers(attempts: Sequence[Attempt], now: datetime) -> set[int]:
    """Returns the endpoints whose breaker is open. Healthy endpoints that stay healthy are read, but not written."""
    results: dict[int, list[AttemptResult]] = {}
    for attempt in attempts:
        results.setdefault(attempt.delivery.endpoint_id, []).append(attempt.result)
    failed = {pk for pk, found in results.items() if not all(result.delivered for result in found)}
    failing = WebhookEndpoint.objects.filter(pk__in=results, failures__gt=0).values_list("pk", flat=True)
    blocked = set()
    changed = WebhookEndpoint.objects.select_for_update().filter(pk__in={*failed, *failing}).order_by("pk")
    for endpoint in changed if failed or len(failing) else ():
        breaker = _after(endpoint, results[endpoint.pk])
        if breaker.open_until and breaker.open_until > now:
            blocked.add(endpoint.pk)
        if breaker.gives_up(now):
            _switch_off([endpoint.webhook_id], now=now, reason=DisabledReason.FAILING)
    return blocked


def _after(endpoint: WebhookEndpoint, results: Sequence[AttemptResult]) -> Breaker:
    breaker = Breaker(
        failures=endpoint.failures,
        trips=endpoint.trips,
        open_until=endpoint.open_until,
        failing_since=endpoint.failing_since,
    )
    for result in results:
        breaker = breaker.after(result)
    endpoint.failures, endpoint.trips = breaker.failures, breaker.trips
    endpoint.open_until, endpoint.failing_since = breaker.open_until, breaker.failing_since
    endpoint.save(update_fields=["failures", "trips", "open_until", "failing_since"])
    return breaker


def _switch_off(webhook_ids: Iterable[int], *, now: datetime, reason: DisabledReason = DisabledReason.GONE) -> None:
    """Disables subscriptions. A default secret serves many receivers, so one of them cannot switch it off."""
    ids = set(webhook_ids)
    if ids:
        on = Webhook.objects.filter(pk__in=ids, disabled_at=None).exclude(url="")
        on.update(disabled_at=now, disabled_reason=reason.value)
