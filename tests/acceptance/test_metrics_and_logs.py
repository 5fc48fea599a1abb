"""What engineers see of a running service: metrics that add up over its processes, and logs to follow one ticket in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from events.admission.heartbeat import Duty
from events.domain.tickets import reference_of
from tests.support import monitoring
from tests.support.promql import missing
from tests.support.service.event import Event, open_event
from tests.support.service.metrics import grown, scrape, scrape_at_rest, value
from tests.support.service.parts import DRAINS, WORKERS
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance


def test_metrics_add_up_over_all_processes(service: Service) -> None:
    event = open_event(service, capacity=30)
    before = scrape_at_rest(service)
    # A connection for each request, so that both door processes take their share.
    with service.frozen("drain-1"), service.frozen("drain-2"):
        tickets = event.admit(*range(40))
    for ticket in tickets:
        event.decided(ticket)
    confirmed = grown(service, before, "omnify_decisions_total", outcome="confirmed")
    sold_out = grown(service, before, "omnify_decisions_total", outcome="sold_out")
    wait_until(lambda: (confirmed(), sold_out()) == (30, 10), "the drains' counters show all decisions")
    # The door writes its counters twice a second.
    accepted = grown(service, before, "omnify_door_answers_total", route="register", status="202")
    wait_until(lambda: accepted() == 40, "the door's counters show all registrations")
    admitted = grown(service, before, "omnify_admission_batch_size_sum")
    wait_until(lambda: admitted() == 40, "the histogram of admissions shows all of them")
    assert grown(service, before, "omnify_drain_batch_size_sum")() == 40
    assert grown(service, before, "omnify_drain_leases_total", result="acquired")() >= 1
    event.register("late")
    refused = grown(service, before, "omnify_door_answers_total", route="register", status="409")
    wait_until(lambda: refused() == 1, "the door's counters show the refusal")
    after = scrape(service)
    assert value(after, "omnify_up", store="redis") == value(after, "omnify_up", store="database") == 1
    # Drains that an earlier test killed are counted until they have been silent for a while.
    wait_until(lambda: value(scrape(service), "omnify_drain_workers") == len(DRAINS), "both drains are counted")


def test_alerts_and_dashboard_ask_only_for_what_metrics_has(service: Service) -> None:
    open_event(service)  # depth and age are those of an event
    assert missing(monitoring.expressions(), recorded=monitoring.recorded(), metrics=scrape(service)) == []


def test_each_duty_but_the_mail_of_a_service_without_mail_is_done(service: Service) -> None:
    duties = {duty: 0.0 if duty is Duty.MAIL else 1.0 for duty in Duty}

    def done() -> bool:
        metrics = scrape(service)
        assert value(metrics, "omnify_mail_enabled") == 0
        # Workers that an earlier test killed are counted for a minute.
        return all(
            min(value(metrics, "omnify_workers_on_duty", duty=duty), 1) == is_done for duty, is_done in duties.items()
        )

    wait_until(done, "each duty is done")


def test_a_waiting_crowd_shows_in_depth_and_age(service: Service) -> None:
    event = open_event(service)
    with service.frozen("drain-1"), service.frozen("drain-2"):
        event.admit(1, 2, 3)
        wait_until(lambda: _depth(service, event) == 3, "the three wait")
        oldest = value(scrape(service), "omnify_queue_oldest_seconds", event=str(event.id))
        assert oldest > 0
        wait_until(
            lambda: value(scrape(service), "omnify_queue_oldest_seconds", event=str(event.id)) > oldest, "they age"
        )
    wait_until(lambda: _depth(service, event) == 0, "the drains are back")


def _depth(service: Service, event: Event) -> float:
    return value(scrape(service), "omnify_queue_depth", event=str(event.id))


def test_one_ticket_can_be_followed_from_the_door_to_its_decision(service: Service) -> None:
    event = open_event(service)
    [ticket] = event.admit(77)
    event.decided(ticket)
    ref = reference_of(ticket)

    def lines_of(*programs: str) -> list[dict[str, Any]]:
        lines = [line for name in programs for line in _lines(service, name)]
        return [line for line in lines if ref in json.dumps(line)]

    [admitted] = wait_until(lambda: lines_of("web"), "the admission is logged")
    assert (admitted["message"], admitted["event_id"]) == ("admitted", event.id)
    [decided] = wait_until(lambda: lines_of(*DRAINS), "the decision is logged")
    assert (decided["message"], decided["event_id"]) == ("decided", event.id)
    assert ref in decided["tickets"]["confirmed"]
    assert admitted["time"] <= decided["time"]


def test_no_log_holds_a_ticket_an_email_or_a_token(service: Service) -> None:
    event = open_event(service)
    [ticket] = event.admit(4711)
    event.decided(ticket)
    event.send(b'{"name": "Guest", "email": "guest4712@example.com", ')
    for name in ("web", *DRAINS):
        log = service.log(name)
        assert ticket not in log
        assert ticket.split("-", 1)[1][:9] not in log
        assert "@example.com" not in log
        assert service.token() not in log


def _lines(service: Service, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.log(name).splitlines() if line.startswith("{")]


def test_only_the_worker_that_sends_webhooks_has_loaded_an_http_client(service: Service) -> None:
    """A drain starts sooner, and is smaller, without one."""
    loaded = {name: "/aiohttp/" in Path(f"/proc/{service.children[name].pid}/maps").read_text() for name in WORKERS}
    assert loaded == {"drain-1": False, "drain-2": False, "deliver-1": True}
