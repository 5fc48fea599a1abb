"""SIGKILL of every part, one at a time and all at once, and a reload, while a crowd registers."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.service.crowd import Crowd
from tests.support.service.event import open_event
from tests.support.service.parts import PARTS
from tests.support.service.processes import Service
from tests.support.soak import amount
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.promise, pytest.mark.soak]

SIZE = amount(600, soak=3000)
SEATS = SIZE * 3 // 4
RUSH = 150  # tickets given when something dies


@pytest.fixture
def crowd(service: Service) -> Crowd:
    """A crowd in full rush, three for every two seats."""
    crowd = Crowd(open_event(service, capacity=SEATS), SIZE).start()
    crowd.wait_for_tickets(RUSH)
    return crowd


def test_a_killed_door_process_costs_no_ticket_that_was_promised(service: Service, crowd: Crowd) -> None:
    killed = service.kill_a_door()
    wait_until(lambda: killed not in service.doors() and len(service.doors()) == 2, "gunicorn replaces it")
    crowd.verify()


def test_a_reload_replaces_every_door_and_costs_no_ticket_that_was_promised(service: Service, crowd: Crowd) -> None:
    before = set(service.doors())
    os.kill(service.children["web"].pid, signal.SIGHUP)
    wait_until(lambda: len(service.doors()) == 2 and not before & set(service.doors()), "gunicorn replaces them")
    crowd.verify()


def test_a_killed_gunicorn_costs_no_ticket_that_was_promised(service: Service, crowd: Crowd) -> None:
    service.kill("web")
    service.start_part("web")
    crowd.verify()


def test_killed_drains_leave_their_work_to_the_next(service: Service, crowd: Crowd) -> None:
    service.kill("drain-1", "drain-2")
    service.start_part("drain-1")
    crowd.verify()


def test_a_killed_valkey_has_kept_every_promise(service: Service, crowd: Crowd) -> None:
    service.kill("valkey")
    service.start_part("valkey")
    crowd.verify()


def test_a_killed_postgres_only_delays_decisions(service: Service, crowd: Crowd) -> None:
    service.kill("postgres")
    service.start_part("postgres")
    crowd.verify()


@pytest.mark.soak(only=True)
def test_when_everything_is_killed_at_once_every_promise_is_kept_afterwards(service: Service, crowd: Crowd) -> None:
    service.kill(*PARTS)
    service.heal()
    crowd.verify()
