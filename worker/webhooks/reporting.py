"""What a deliver worker says of its attempts: counters, and one log line for each round."""

from __future__ import annotations

from collections.abc import Sequence

from events.domain.tickets import reference
from events.domain.webhooks.retry import CompletedDispatch
from events.ledger.webhooks.attempts import Attempt
from events.ledger.webhooks.claims import ClaimedDelivery
from omnify.common import metrics
from omnify.common.logs import get_logger

logger = get_logger(__name__)

_WORDS = {CompletedDispatch.DELIVERED: "delivered", CompletedDispatch.RETRY: "failed", CompletedDispatch.DEAD: "dead"}


def _name(row: ClaimedDelivery) -> str:
    return reference(row.event_id, row.ticket_key) if row.event_id and row.ticket_key else row.type


def report(attempts: Sequence[Attempt]) -> None:
    """Counts and logs recorded attempts. No URL: it may carry a secret of the receiver's."""
    tickets: dict[str, list[str]] = {}
    problems: dict[str, int] = {}
    for attempt in attempts:
        word = _WORDS[attempt.decision.completed]
        tickets.setdefault(word, []).append(_name(attempt.delivery))
        if attempt.error:
            name = f"{attempt.delivery.webhook_id}: {attempt.result.status or attempt.error}"
            problems[name] = problems.get(name, 0) + 1
        spent = attempt.result.ended_at - attempt.result.started_at
        metrics.WEBHOOK_SECONDS.observe(spent.total_seconds())
    for word, refs in tickets.items():
        metrics.WEBHOOK_ATTEMPTS.labels(word).inc(len(refs))
    write = logger.warning if problems else logger.info
    write("webhooks sent", tickets=tickets, problems_by_webhook=problems)
