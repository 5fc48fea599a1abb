"""`GET /metrics`: the counters of all processes, and gauges read at the moment, for Prometheus.

Depths and ages are read from Redis for each request, so they are the same whichever process answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hmac import compare_digest
from itertools import islice

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from events.admission.heartbeat import Duty, worker_count, workers_on_duty
from events.admission.keys import event_keys
from events.admission.stats import queue_stats
from events.api.metrics_from_zero import begin_at_zero
from events.api.views.base import ApiView
from events.domain.scopes import ANYONE
from events.ledger.lookup import watched_event_ids
from events.ledger.mail.claims import oldest_pending
from events.ledger.webhooks.claims import oldest_due
from omnify.common import metrics
from omnify.common.clients import redis_client
from omnify.common.redis_nodes import by_node

# Each event is a few series; more than this belongs in a query of one's own.
EVENTS_LIMIT = 500


class Gauges(Collector):
    """Collects the present state of queues, workers and stores."""

    def collect(self) -> Iterator[Metric]:
        """Reads the stores; one that is out of reach is said to be down instead."""
        up = GaugeMetricFamily("omnify_up", "Whether a store answers.", labels=["store"])
        depth = GaugeMetricFamily("omnify_queue_depth", "Registrations waiting for a decision.", labels=["event"])
        age = GaugeMetricFamily("omnify_queue_oldest_seconds", "Age of the oldest waiting one.", labels=["event"])
        workers = GaugeMetricFamily("omnify_drain_workers", "Drain workers alive.")
        on_duty = GaugeMetricFamily(
            "omnify_workers_on_duty",
            "Workers that within the last minute have looked for webhooks (deliver) or mail (mail) to send, swept "
            "(sweep), looked for holds to end (expiries) or for draws to hold (draws).",
            labels=["duty"],
        )
        has_mail = GaugeMetricFamily("omnify_mail_enabled", "Whether mail is sent: EMAIL_URL is not `off`.")
        has_mail.add_metric([], float(settings.ENV.sends_mail))
        mail = GaugeMetricFamily("omnify_mail_oldest_seconds", "For how long the oldest mail that is due has waited.")
        webhooks = GaugeMetricFamily(
            "omnify_webhook_oldest_seconds",
            "For how long the oldest webhook message that is due has waited, of endpoints that do not fail.",
        )
        event_ids = _event_ids()
        up.add_metric(["database"], float(event_ids is not None))
        failed = _count_workers(workers, on_duty)
        for part in by_node(redis_client(), event_ids or (), lambda event_id: event_keys(event_id).queue):
            # A node of a Cluster that is away has no figures; those of the others are complete.
            failed = _measure(part, depth, age) or failed
        up.add_metric(["redis"], float(not failed))
        waits = (_waiting(mail, _oldest_mail), _waiting(webhooks, oldest_due))
        yield from (up, workers, on_duty, has_mail, depth, age, *waits)


def _count_workers(workers: GaugeMetricFamily, on_duty: GaugeMetricFamily) -> bool:
    """Returns whether Redis has failed to answer."""
    try:
        workers.add_metric([], worker_count(redis_client()))
        counts = workers_on_duty(redis_client())
        for duty in Duty:
            on_duty.add_metric([duty], counts[duty])
    except RedisError:
        return True
    return False


def _measure(event_ids: Sequence[int], depth: GaugeMetricFamily, age: GaugeMetricFamily) -> bool:
    """Returns whether Redis has failed to answer."""
    try:
        for event_id in event_ids:
            stats = queue_stats(redis_client(), event_id)
            depth.add_metric([str(event_id)], stats.queued)
            age.add_metric([str(event_id)], stats.oldest_queued_seconds)
    except RedisError:
        return True
    return False


def _waiting(gauge: GaugeMetricFamily, oldest: Callable[[], datetime | None]) -> GaugeMetricFamily:
    try:
        since = oldest()
        gauge.add_metric([], max(0.0, (datetime.now(UTC) - since).total_seconds()) if since else 0.0)
    except (DatabaseError, InterfaceError):
        pass  # `omnify_up` says so
    return gauge


def _oldest_mail() -> datetime | None:
    return oldest_pending(now=datetime.now(UTC))


def _event_ids() -> list[int] | None:
    try:
        return list(islice(watched_event_ids(all_events=False), EVENTS_LIMIT))
    except (DatabaseError, InterfaceError):
        return None


class MetricsView(ApiView):
    """Answers with the text that Prometheus scrapes."""

    authentication_classes = []
    scopes = {"GET": ANYONE}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Answers with counters and gauges; 401 without the token of METRICS_TOKEN, where one is set."""
        if not _may_read(request.headers.get("Authorization", "")):
            raise AuthenticationFailed("Show the token of METRICS_TOKEN: `Authorization: Bearer <token>`.")
        registry = CollectorRegistry()
        registry.register(Gauges())
        if metrics.ROOT:
            registry.register(metrics.AllProcesses())
            return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
        return HttpResponse(generate_latest(registry) + generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _may_read(authorization: str) -> bool:
    token = settings.ENV.metrics_token
    scheme, _, shown = authorization.partition(" ")
    # As bytes: a text that is not ASCII cannot be compared in constant time.
    return not token or (scheme.lower() == "bearer" and compare_digest(shown.strip().encode(), token.encode()))


begin_at_zero()
view = MetricsView.as_view()
