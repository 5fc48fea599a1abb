"""The machine with the queue dies and a replica takes its place: what is kept, and what says that it is lost."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.replicated_valkey import Node, ReplicatedValkey
from tests.support.service.crowd import verify_ledger
from tests.support.service.event import Event, open_event
from tests.support.service.http_client import Address, Answer
from tests.support.service.parts import AOF, answers
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.promise]


@pytest.fixture
def pair(service: Service) -> Iterator[ReplicatedValkey]:
    """The service's own Valkey with a replica. It comes back empty: what it had belongs to no one any more."""
    servers = ReplicatedValkey(primary=Node(service.valkey)).start()
    # Doors find out about replicas when they connect.
    service.redis.client_kill_filter(_type="normal", skipme=True)
    yield servers
    service.kill("valkey")
    servers.close()
    shutil.rmtree(service.valkey.directory / AOF)


@contextlib.contextmanager
def drains_frozen(service: Service) -> Iterator[None]:
    """Whatever is admitted meanwhile stays in the queue."""
    with service.frozen("drain-1"), service.frozen("drain-2"):
        yield


def register(door: Address, event: Event, guest: int) -> Answer:
    body = {"name": f"Guest {guest}", "email": f"guest{guest}@example.com"}
    return door.post(f"{event.path}/register", body, {"Idempotency-Key": f"guest {guest}"})


def accepted(door: Address, event: Event, guest: int) -> str:
    """The ticket id of a guest's 202; while the replica is not in time, the guest tries again."""

    def attempt() -> str:
        answer = register(door, event, guest)
        return str(answer.data["ticket_id"]) if answer.status == 202 else ""

    return wait_until(attempt, f"guest {guest} is accepted")


def unavailable(answer: Answer) -> bool:
    return answer.refusal == (503, "unavailable") and int(answer.headers["retry-after"]) >= 1


def test_a_failover_loses_no_ticket_that_waited_for_the_replica_and_counts_those_that_did_not(
    service: Service, pair: ReplicatedValkey
) -> None:
    event = open_event(service, capacity=15)
    replica = pair.replicas[0]
    with service.another_door(QUEUE_REPLICAS="1") as door, drains_frozen(service):
        kept = [accepted(door, event, guest) for guest in range(9)]
        with replica.frozen():
            refused = register(door, event, 9)
            assert unavailable(refused)
            assert unavailable(door.ask("GET", "/health/door"))
            assert "Idempotency-Key" in refused.json["message"]
        kept.append(accepted(door, event, 9))
        given_back = partial(door.ask, "DELETE", f"/registrations/{kept[0]}")
        wait_until(lambda: given_back().status == 202, "the replica has the cancellation")
        with pair.cut_off(replica):
            lost = event.admit(*range(10, 20))
            service.kill("valkey")
        pair.take_over(replica)
        # Not its readiness: on a slow machine the frozen drains have given no sign of life for too long.
        wait_until(lambda: answers(service.address, event.path), "the doors have found the promoted server")
        assert event.statuses(kept) == ["queued"] * 10
        new = event.admit(*range(15, 21))
        # The promoted server has no replica yet.
        assert unavailable(register(door, event, 21))
    wait_until(lambda: event.queued() == 0, "the queue is empty")
    found = service.manage("reconcile", "--event", str(event.id))
    assert "10 tickets are lost" in found.stderr
    assert sorted(line.split()[3] for line in found.stdout.splitlines() if ": lost " in line) == sorted(lost)
    assert event.statuses(lost) == ["lost"] * 10
    assert event.statuses(kept + new) == ["cancelled"] + ["confirmed"] * 15
    verify_ledger(event)
