"""Counts and logs recorded attempts: metrics for each, one log line for all of a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from events.domain.tickets import reference
from events.domain.webhooks.retry import CompletedDispatch
from events.ledger.webhooks.attempts import Attempt
from events.ledger.webhooks.claims import ClaimedDelivery
from omnify.common import metrics
from omnify.common.logs import get_logger
from omnify.common.metrics import observe_all

logger = get_logger(__name__)

_LABELS = {CompletedDispatch.DELIVERED: "delivered", CompletedDispatch.RETRY: "failed", CompletedDispatch.DEAD: "dead"}


def _name(delivery: ClaimedDelivery) -> str:
    return (
        reference(delivery.event_id, delivery.ticket_key)
        if delivery.event_id and delivery.ticket_key
        else delivery.type
    )


def report(attempts: Sequence[Attempt]) -> None:
    """Counts and logs `attempts`. URLs are not logged: they may contain a secret of the receiver."""
    tickets: dict[str, list[str]] = {}
    problems: dict[str, int] = {}
    for attempt in attempts:
        label = _LABELS[attempt.decision.completed]
        tickets.setdefault(label, []).append(_name(attempt.delivery))
        if attempt.error:
            name = f"{attempt.delivery.webhook_id}: {attempt.result.status or attempt.error}"
            problems[name] = problems.get(name, 0) + 1
    results = [attempt.result for attempt in attempts]
    observe_all(metrics.WEBHOOK_SECONDS, [(one.ended_at - one.started_at).total_seconds() for one in results])
    for label, refs in tickets.items():
        metrics.WEBHOOK_ATTEMPTS.labels(label).inc(len(refs))
    write = logger.warning if problems else logger.info
    write("webhooks sent", tickets=tickets, problems_by_webhook=problems)
