"""Whole rehearsals, in processes and over HTTP, at a service that is honest or has one fault."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from rehearsal.main import BROKEN, KEPT, run
from rehearsal.proofs import PROOFS
from tests.support.rehearsal.arguments import ARGUMENTS
from tests.support.rehearsal.stand_in import FAULTS, HOLD_FAULTS, MOVING_FAULTS, StandIn, running

MOVING = {"seats": "10", "duplicates": "20", "cancel": "14", "waitlist": "12", "connections": "4"}

HOLDS = {"seats": "10", "duplicates": "5", "waitlist": "8", "connections": "4", "hold": "60s", "pay": "80%"}


def rehearse(service: StandIn, **changes: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    asked = {"people": "40", "seats": "30", "duplicates": "8", "rate": None, "processes": "1", "patience": "60"}
    with running(service) as url:
        code = run({**ARGUMENTS, **asked, **changes, "url": url}, out=out, err=err)
    assert err.getvalue() == ""
    return code, out.getvalue()


def test_an_honest_service_passes_with_every_proof_told(tmp_path: Path) -> None:
    code, text = rehearse(StandIn(), json_file=str(tmp_path / "figures.json"))
    assert code == KEPT
    assert text.count("✓") == len(PROOFS)
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert figures["answers"] == {"202": 48}
    assert figures["statuses"]["confirmed"] == 30


def test_a_crowd_of_several_processes_is_one_crowd() -> None:
    service = StandIn()
    code, _ = rehearse(service, processes="3", rate="2000")
    assert code == KEPT
    assert len(service.tickets) == 48


def test_tickets_given_back_and_a_waitlist_are_rehearsed_too(tmp_path: Path) -> None:
    code, text = rehearse(StandIn(), **MOVING, json_file=str(tmp_path / "figures.json"))
    assert code == KEPT
    assert text.count("✓") == len(PROOFS)
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert set(figures["statuses"]) >= {"confirmed", "waitlisted", "cancelled by_holder"}
    assert figures["given_back"]["nothing to cancel"] > 0
    assert "14 tickets given back, for 10 seats and 12 positions on the waitlist" in text


def test_seats_that_are_set_aside_are_paid_or_go_to_the_next_in_line(tmp_path: Path) -> None:
    code, text = rehearse(StandIn(), **HOLDS, json_file=str(tmp_path / "figures.json"))
    assert code == KEPT, text
    assert text.count("✓") == len(PROOFS)
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert figures["statuses"]["confirmed"] == 10
    assert figures["statuses"]["expired"] > 0
    assert figures["paid"]["202"] > 10, "some pay twice"


@pytest.mark.parametrize("fault", HOLD_FAULTS)
def test_a_fault_with_holds_is_found_over_http_by_its_proof(fault: str) -> None:
    code, text = rehearse(StandIn(fault), **HOLDS)
    assert code == BROKEN
    assert f"✗ {HOLD_FAULTS[fault]}" in text


@pytest.mark.parametrize("fault", MOVING_FAULTS)
def test_a_fault_that_needs_a_waitlist_is_found_over_http_by_its_proof(fault: str) -> None:
    code, text = rehearse(StandIn(fault), **MOVING)
    assert code == BROKEN
    assert f"✗ {MOVING_FAULTS[fault]}" in text


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_service_is_found_over_http_by_its_proof(fault: str) -> None:
    # Where nothing more will come patience is what takes the time; elsewhere it must not run out on a busy machine.
    code, text = rehearse(StandIn(fault), patience="1" if fault == "never decides" else "60")
    assert code == BROKEN
    assert f"✗ {FAULTS[fault]}" in text
