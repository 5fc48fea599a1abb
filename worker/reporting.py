"""Counts and logs what a drain has decided: metrics for each ticket, one log line for all of a batch."""

from __future__ import annotations

from events.domain.outcome import Outcome
from events.domain.states import Status
from events.domain.tickets import reference
from events.ledger.write import Committed
from omnify.common import metrics
from omnify.common.logs import get_logger

logger = get_logger("worker.drain")


def report(done: Committed, *, seconds: float, left: int) -> None:
    """Counts and logs a batch that took `seconds`; `left` entries are still in the queue."""
    metrics.BATCH_SIZE.observe(len(done.outcomes))
    metrics.BATCH_SECONDS.observe(seconds)
    by_status: dict[str, list[str]] = {}
    event_id = done.event.event_id
    for outcome in done.outcomes:
        by_status.setdefault(_decision(outcome), []).append(reference(event_id, outcome.key))
    for decision, refs in by_status.items():
        metrics.DECISIONS.labels(decision).inc(len(refs))
    fields = {
        "event_id": event_id,
        "left": left,
        "seconds": round(seconds, 4),
        "rewound": done.rewound,
    }
    logger.info("decided", tickets=by_status, **fields)


def _decision(outcome: Outcome) -> str:
    """Returns the decision's name in logs and metrics: the status, or the reason of a rejection."""
    # As plain strings: hashing a member of an enumeration calls Python code.
    return str((outcome.status is Status.REJECTED and outcome.reason) or outcome.status)
