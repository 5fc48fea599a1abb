"""Counts and logs what a drain has decided: metrics for each ticket, one log line for all of a batch."""

from __future__ import annotations

from events.domain.outcome import by_decision
from events.domain.tickets import reference
from events.ledger.write import Committed
from omnify.common import metrics
from omnify.common.logs import get_logger

logger = get_logger("worker.drain")


def report(done: Committed, *, seconds: float, left: int) -> None:
    """Counts and logs a batch that took `seconds`; `left` entries are still in the queue."""
    metrics.BATCH_SIZE.observe(len(done.outcomes))
    metrics.BATCH_SECONDS.observe(seconds)
    event_id, decided = done.event.event_id, by_decision(done.outcomes)
    for decision, outcomes in decided.items():
        metrics.DECISIONS.labels(decision).inc(len(outcomes))
    refs = {decision: [reference(event_id, one.key) for one in outcomes] for decision, outcomes in decided.items()}
    fields = {
        "event_id": event_id,
        "left": left,
        "seconds": round(seconds, 4),
        "rewound": done.rewound,
    }
    logger.info("decided", tickets=refs, **fields)
