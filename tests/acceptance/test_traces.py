"""A service that is traced, with a collector of the test's own: drains that are killed, and a collector that hangs or
refuses, which costs spans and nothing else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from events.domain.tickets import reference_of
from tests.support.service.crowd import verify_ledger
from tests.support.service.event import open_event
from tests.support.service.metrics import Metrics, scrape
from tests.support.service.parts import DRAINS
from tests.support.service.processes import Service
from tests.support.trace_collector import Collector, Kept
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.soak(only=True)]

GUESTS = 40
SPANS = "omnify_trace_spans_total"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as found:
        yield found


@pytest.fixture(scope="module")
def traced(collector: Collector) -> Iterator[Service]:
    """Everything is traced; a request to the collector takes at most a second, and few spans may wait."""
    service = Service(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
        OTEL_SERVICE_NAME="tickets",
        OTEL_TRACES_SAMPLER="parentbased_always_on",
        OTEL_BSP_SCHEDULE_DELAY="200",
        OTEL_BSP_MAX_QUEUE_SIZE="20",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10",
    )
    try:
        service.start()
        yield service
    finally:
        service.close()


@pytest.fixture
def service(traced: Service, collector: Collector) -> Iterator[Service]:
    """The same, with a collector that works and has nothing yet."""
    collector.status, collector.hangs = 200, False
    traced.heal()
    collector.spans.clear()
    yield traced
    collector.status, collector.hangs = 200, False


def of(spans: list[Kept], ref: str) -> list[Kept]:
    return [span for span in spans if span.said.get("omnify.reference") == ref]


def spans_that(found: Metrics, *results: str) -> float:
    return sum(found[SPANS, (("result", result),)] for result in results)


@pytest.mark.promise
def test_after_a_killed_drain_the_next_one_ends_the_trace(service: Service, collector: Collector) -> None:
    event = open_event(service)
    with service.frozen("drain-1"), service.frozen("drain-2"):
        [ticket] = event.admit("one")
        service.set_trap("drain.after_commit")
    killed = service.trapped("drain.after_commit")
    service.kill(killed)
    service.start_part(killed)
    assert event.decided(ticket)["status"] == "confirmed"
    ref = reference_of(ticket)
    [decided] = wait_until(lambda: of(collector.named("decide"), ref), "the decision's span is exported")
    [served] = wait_until(lambda: of(collector.named("POST /events/{id}/register"), ref), "and the door's")
    assert (decided.trace, decided.parent, served.parent) == (served.trace, served.id, "")
    [link] = decided.links
    wait_until(lambda: link in {span.context for span in collector.named("decide batch")}, "and the batch's")
    batches = {span.context: span for span in collector.named("decide batch")}
    assert served.context in batches[link].links
    wait_until(lambda: any(served.context in span.links for span in collector.named("admit")), "and the call's")
    assert {span.service for span in collector.spans} == {"tickets"}
    verify_ledger(event)


@pytest.mark.parametrize("trouble", ["hangs", "refuses"])
def test_a_collector_that_takes_nothing_costs_spans_only(service: Service, collector: Collector, trouble: str) -> None:
    collector.hangs, collector.status = trouble == "hangs", 200 if trouble == "hangs" else 400
    before = scrape(service)
    event = open_event(service, capacity=1000)
    decided = [event.decided(ticket)["status"] for ticket in event.admit(*range(GUESTS))]
    assert decided == ["confirmed"] * GUESTS

    def lost() -> float:
        return spans_that(scrape(service), "dropped", "refused") - spans_that(before, "dropped", "refused")

    wait_until(lambda: lost() >= GUESTS, "what is lost is counted")
    assert spans_that(scrape(service), "exported") == spans_that(before, "exported")
    # A stop waits for the collector for a moment, and not until it answers.
    for part in ("web", *DRAINS):
        service.stop_part(part)
    verify_ledger(event)


def test_a_stop_sends_what_is_waiting(service: Service, collector: Collector) -> None:
    event = open_event(service)
    [ticket] = event.admit("last")
    os.kill(service.children["web"].pid, signal.SIGTERM)
    wait_until(lambda: not service.running("web"), "the door has stopped")
    assert of(collector.named("POST /events/{id}/register"), reference_of(ticket))
