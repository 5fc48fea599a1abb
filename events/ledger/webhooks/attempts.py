"""Records attempts in bulk: their deliveries, their endpoints' breakers, and subscriptions to switch off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from events.domain.webhooks.retry import AttemptResult, Breaker, CompletedDispatch, RetryDecision, decide_retry
from events.domain.webhooks.states import DeliveryState, DisabledReason
from events.ledger.database import database
from events.ledger.records import AttemptRecord
from events.ledger.webhooks.claims import ClaimedDelivery
from events.models import Webhook, WebhookEndpoint

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


def record(attempts: Sequence[Attempt], *, now: datetime) -> set[int]:
    """Writes `attempts` in one transaction. Returns the ids of endpoints whose breaker is open."""
    with transaction.atomic():
        database().record_attempts([_record(attempt) for attempt in attempts])
        blocked = _update_breakers(attempts, now)
        _switch_off([a.delivery.webhook_id for a in attempts if a.result.gone], now=now)
    return blocked


def _record(attempt: Attempt) -> AttemptRecord:
    decision, delivery, result = attempt.decision, attempt.delivery, attempt.result
    return AttemptRecord(
        delivery_id=delivery.id,
        state=_STATES[decision.completed].value,
        claimed_until=delivery.claimed_until,
        step=delivery.step + 1,
        started_at=result.started_at,
        next_attempt_at=decision.at,
        status_code=result.status,
        error=attempt.error,
    )


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
