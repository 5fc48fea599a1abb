"""What `/metrics` of a running service says, and how it grows."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from tests.support.service.processes import Service
from tests.support.waiting import wait_until

# Four times as long as a door keeps its counts to itself.
AT_REST_SECONDS = 2.0
# A look takes a door longer than many answers.
LOOK_SECONDS = 0.25

Metrics = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(service: Service) -> Metrics:
    """What `/metrics` says: (name, labels) -> value."""
    answer = service.address.ask("GET", "/metrics")
    assert answer.status == 200
    families = text_string_to_metric_families(answer.body.decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def scrape_at_rest(service: Service) -> Metrics:
    """What `/metrics` says once no answer of a door is counted any more: each door writes its counts twice a second,
    and those of requests that an earlier test sent may still come."""
    last, since = -1.0, 0.0

    def is_at_rest() -> bool:
        nonlocal last, since
        answered = sum(number for (name, _), number in scrape(service).items() if name == "omnify_door_answers_total")
        if answered != last:
            last, since = answered, time.monotonic()
        return time.monotonic() - since > AT_REST_SECONDS

    wait_until(is_at_rest, "the doors have counted their answers", between=LOOK_SECONDS)
    return scrape(service)


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.get((name, tuple(sorted(labels.items()))), 0.0)


def grown(service: Service, before: Metrics, name: str, **labels: str) -> Callable[[], float]:
    return lambda: value(scrape(service), name, **labels) - value(before, name, **labels)
