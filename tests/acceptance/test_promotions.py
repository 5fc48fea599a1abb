"""PostgreSQL dies under load and its standby takes over: nothing is restarted, and what was lost is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.service.crowd import Crowd, verify_ledger
from tests.support.service.event import open_event
from tests.support.service.paired import PairedService
from tests.support.soak import amount
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

SIZE = amount(400, soak=6000)


@pytest.fixture(scope="module")
def paired() -> Iterator[PairedService]:
    service = PairedService()
    try:
        service.start()
        yield service
    finally:
        service.close()


@pytest.mark.soak(only=True)
def test_with_a_synchronous_standby_no_decision_is_lost_and_nothing_is_restarted(paired: PairedService) -> None:
    paired.pair.add_standby(synchronous=True)
    pids = {name: child.pid for name, child in paired.children.items() if name != "postgres"}
    crowd = Crowd(open_event(paired, capacity=SIZE * 3 // 4), SIZE).start()
    crowd.wait_for_tickets(SIZE // 4)
    paired.pair.stop_replication()
    wait_until(paired.pair.a_commit_waits, "a decision is kept back that the standby does not get")
    paired.promote_after_kill()
    crowd.verify()
    wait_until(paired.ready, "the service is ready again")
    assert {name: child.pid for name, child in paired.children.items() if name != "postgres"} == pids
    assert all(paired.running(name) for name in pids)
    assert paired.manage("reconcile", "--event", str(crowd.event.id)).returncode == 0


@pytest.mark.soak(only=True)
def test_without_one_the_tickets_whose_decisions_are_gone_become_lost_and_their_seats_are_given_once(
    paired: PairedService,
) -> None:
    paired.pair.add_standby(synchronous=False)
    event = open_event(paired, capacity=10)
    kept = event.admit(*range(5))
    assert {found["status"] for found in event.all_decided(kept).values()} == {"confirmed"}
    wait_until(lambda: event.queued() == 0, "they are published")
    paired.pair.stop_replication()
    gone = event.admit(*range(5, 9))
    assert {found["status"] for found in event.all_decided(gone).values()} == {"confirmed"}
    paired.promote_after_kill()
    wait_until(lambda: event.statuses(gone) == ["lost"] * len(gone), "those who were told otherwise are told")
    assert event.statuses(kept) == ["confirmed"] * len(kept)
    again = event.admit(*range(5, 10))
    assert {found["status"] for found in event.all_decided(again).values()} == {"confirmed"}
    assert event.register(11).refusal == (409, "sold_out")
    verify_ledger(event)
    found = paired.manage("reconcile", "--event", str(event.id))
    assert found.returncode == 1
    assert sorted(line.split()[3] for line in found.stdout.splitlines() if ": lost " in line) == sorted(gone)
