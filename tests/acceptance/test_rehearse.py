"""`manage.py rehearse` at the real service: on a quiet day, and with processes killed under the crowd."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rehearsal.proofs import PROOFS
from rehearsal.receipt_proofs import RECEIPT_PROOFS
from rehearsal.webhook_proofs import WEBHOOK_PROOFS
from tests.support.service.processes import Service
from tests.support.soak import SOAK, amount
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.soak]

PEOPLE = amount(300, soak=5000)
# A hold lasts a minute at least: only a soak has the time.
HOLDS = ("--hold", "60s", "--pay", "80%") if SOAK else ()
MOVING = ("--duplicates", "20%", "--cancel", "20%", "--waitlist", "30", *HOLDS)


def rehearse(service: Service, *arguments: str, seats: int) -> subprocess.CompletedProcess[str]:
    """As an operator does: the token comes from the file that the service keeps."""
    url = f"http://{service.address.host}:{service.address.port}"
    size = ("--people", str(PEOPLE), "--seats", str(seats), "--connections", "32")
    return service.manage("rehearse", "--url", url, *size, *arguments)


def verify(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("✓") == len(PROOFS)


@pytest.mark.soak(only=True)
def test_a_rehearsal_receives_and_proves_every_webhook_and_every_receipt(service: Service, tmp_path: Path) -> None:
    receipts = tmp_path / "receipts"
    result = rehearse(service, "--webhooks", "--receipts", str(receipts), seats=60)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("✓") == len(PROOFS) + len(WEBHOOK_PROOFS) + len(RECEIPT_PROOFS)
    assert len(receipts.read_text("utf-8").splitlines()) >= 60


@pytest.mark.soak(only=True)
def test_more_seats_than_people_are_proved_too(service: Service) -> None:
    verify(rehearse(service, seats=5 * PEOPLE))


def newest_event(service: Service) -> int:
    return int(service.rows("SELECT coalesce(max(id), 0) FROM events_event")[0][0])


@pytest.mark.soak(only=True)
def test_a_rehearsal_proves_every_promise_at_a_door_that_limits_addresses(service: Service, tmp_path: Path) -> None:
    """The crowd comes from one address and is not limited as one; only webhooks need a setting of the service."""
    figures = tmp_path / "figures.json"
    with service.another_door(REGISTER_RATE_LIMIT="5/hour", WEBHOOK_ALLOW_PRIVATE="false") as door:
        url = ("--url", f"http://{door.host}:{door.port}")
        verify(rehearse(service, *url, "--duplicates", "10%", "--json", str(figures), seats=60))
        result = rehearse(service, *url, "--webhooks", seats=60)
    written = json.loads(figures.read_text("utf-8"))
    assert written["figures"]["registrations"] == PEOPLE * 11 // 10
    assert written["figures"]["statuses"]["confirmed"] == 60
    assert service.token() not in figures.read_text("utf-8")
    assert result.returncode == 2
    assert "Start the service with WEBHOOK_ALLOW_PRIVATE=true." in result.stderr


@pytest.mark.soak(only=True)
def test_a_rehearsal_proves_who_moves_up_when_tickets_are_given_back(service: Service, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    verify(rehearse(service, *MOVING, "--json", str(figures), seats=60))
    written = json.loads(figures.read_text("utf-8"))["figures"]
    assert written["statuses"]["confirmed"] == 60
    assert written["statuses"]["cancelled by_holder"] > 0
    assert written["given_back"]["in its turn"] >= written["statuses"]["cancelled by_holder"]


@pytest.mark.soak(only=True)
def test_a_rehearsal_proves_who_moves_up_when_doors_and_drains_are_killed_under_it(service: Service) -> None:
    before = newest_event(service)
    moving = "SELECT cancelled_count FROM events_event WHERE id > %s AND cancelled_count > 5"
    with ThreadPoolExecutor(1) as background:
        rehearsal = background.submit(rehearse, service, *MOVING, "--codes", "--rate", "200", seats=PEOPLE // 2)
        wait_until(lambda: service.rows(moving, before), "the crowd is there, and some have left")
        service.kill("drain-1", "web")
        service.start_part("web")
        service.start_part("drain-1")
        seen = service.rows("SELECT max(decided_at) FROM events_event")
        wait_until(lambda: service.rows("SELECT max(decided_at) FROM events_event") != seen, "it goes on")
        service.kill("drain-2")
        service.kill_a_door()
        assert not rehearsal.done()
        verify(rehearsal.result())


def test_a_refused_token_is_one_line(service: Service) -> None:
    result = rehearse(service, "--token", "omn_unknown", seats=1)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "refuses this organizer token" in result.stderr
