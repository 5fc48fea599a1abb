"""Metrics that are there before they count.

Prometheus sees an increase between two values of one series. A counter that appears with its first loss shows none, so
what alerts and dashboards ask for begins at 0 when a web process starts.
"""

from __future__ import annotations

from itertools import product

from prometheus_client import Counter, Gauge

from events.domain.mail.kinds import MailKind
from events.domain.states import REJECTION_REASONS, Status
from omnify.common import metrics

# What drains decide: `omnify_decisions_total` has the reason of a rejection in place of its status.
_DECISIONS = (
    *(Status.ENTERED, Status.HELD, Status.CONFIRMED, Status.WAITLISTED, Status.EXPIRED, Status.CANCELLED),
    *REJECTION_REASONS,
)
# The verdicts of `worker.mail`, which no edge imports.
_MAIL_OUTCOMES = ("sent", "bounced", "failed", "later", "broken", "unreachable", "busy", "skipped")

_KNOWN: dict[Counter | Gauge, tuple[tuple[str, ...], ...]] = {
    metrics.DOOR_ANSWERS: (("register", "status"), ("200", "202", "409", "429", "500", "503")),
    metrics.SLOW_PATH: (("register", "status"),),
    metrics.DECISIONS: (_DECISIONS,),
    metrics.LEASES: (("acquired", "taken"),),
    metrics.WEBHOOK_ATTEMPTS: (("delivered", "failed", "dead"),),
    metrics.MAILS: (tuple(MailKind), _MAIL_OUTCOMES),
    metrics.LOST: (("sweep", "database", "asked"),),
    metrics.UNFOUNDED: (("lost", "changed"),),
    metrics.WATCHERS: (("stream", "poll"),),
    metrics.TRACE_SPANS: (("exported", "refused", "dropped"),),
}


def begin_at_zero() -> None:
    """Makes the series of all values of labels that are known."""
    for metric, values in _KNOWN.items():
        for labels in product(*values):
            metric.labels(*labels)
