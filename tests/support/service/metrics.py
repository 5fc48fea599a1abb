"""What `/metrics` of a running service says, and how it grows."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from tests.support.service.processes import Service

Metrics = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(service: Service) -> Metrics:
    """What `/metrics` says: (name, labels) -> value."""
    answer = service.address.ask("GET", "/metrics")
    assert answer.status == 200
    families = text_string_to_metric_families(answer.body.decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.get((name, tuple(sorted(labels.items()))), 0.0)


def grown(service: Service, before: Metrics, name: str, **labels: str) -> Callable[[], float]:
    return lambda: value(scrape(service), name, **labels) - value(before, name, **labels)
