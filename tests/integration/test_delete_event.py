"""Deleting an event that no one has registered for: what counts as use, the race with a registration, and crashes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.db import connection, transaction
from django.utils import timezone

from events.admission.commands import EventGone, enqueue_resize
from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.snapshots import put_snapshot
from events.domain.scopes import Scope
from events.ledger import events as ledger
from events.ledger.queries import event_snapshot
from events.models import Event, OrganizerToken, Webhook
from events.services import delete_event as service
from omnify.loader import LedgerLoader
from tests.support.in_process.api import ANYONE, Caller, attend, create, organizer
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kinds
from tests.support.in_process.locks import wait_until_a_transaction_is_blocked
from tests.support.in_process.webhooks_api import subscribe
from tests.support.servers import Services
from worker.drain import Drain
from worker.sweep import Sweep

pytestmark = pytest.mark.django_db(transaction=True)

Admit = Callable[..., Any]


@pytest.fixture
def sweep(redis_client: redis.Redis, queue: Queue) -> Sweep:
    return Sweep(
        client=redis_client, queue=queue, wake=lambda event_id: None, digest=tickets.email_digest, worker="tests"
    )


def delete(caller: Caller, event_id: int) -> Any:
    return caller.send("DELETE", f"/events/{event_id}")


def in_use(answer: Any) -> bool:
    return bool((answer.status_code, answer.json()["code"]) == (409, "event_in_use"))


def register(servers: Services, client: redis.Redis, event_id: int, number: int = 1) -> int:
    async def scene(visitor: Visitor) -> int:
        return (await visitor.register(event_id, number))[0]

    status: int = visit(servers, scene, loader=LedgerLoader(client))
    return status


def test_an_unused_event_goes_with_what_is_for_it_alone(redis_client: redis.Redis, servers: Services) -> None:
    owner = organizer()
    event_id, other = create(owner), create(owner)
    assert owner.organizer
    OrganizerToken.issue(owner.organizer, scope=Scope.CHECK_IN, event_id=event_id)
    made = [subscribe(owner, event_id=one)["id"] for one in (event_id, other)]
    answer = delete(owner, event_id)
    assert (answer.status_code, answer.json()["data"]["id"]) == (200, event_id)
    assert list(Event.objects.values_list("pk", flat=True)) == [other]
    assert list(Webhook.objects.filter(deleted_at=None).values_list("pk", flat=True)) == [made[1]]
    assert register(servers, redis_client, event_id) == 404
    assert delete(owner, event_id).status_code == 404
    assert owner.patch(f"/events/{event_id}", {"max_capacity": 5}).status_code == 404
    assert set(redis_client.scan_iter(f"{{event:{event_id}}}:*")) == {event_keys(event_id).state.encode()}


def test_another_organizers_event_is_not_deleted() -> None:
    event_id = create(organizer())
    assert delete(organizer("other"), event_id).status_code == 404
    assert delete(ANYONE, event_id).status_code == 401
    assert Event.objects.exists()


def test_a_queued_registration_counts_and_so_does_one_that_was_rejected(admit: Admit, drain: Drain) -> None:
    owner = organizer()
    event_id = create(owner, max_capacity=1)
    assert kinds(admit(event_id, [apply_for(1)])) == ["admitted"]
    assert in_use(delete(owner, event_id))
    drain.run(event_id)
    assert in_use(delete(owner, event_id))
    assert kinds(admit(event_id, [apply_for(2)])) == ["sold_out"]
    rejected = create(owner)
    attend(rejected, 1, status="rejected")
    assert in_use(delete(owner, rejected))


def test_a_registration_that_the_queue_has_lost_counts(redis_client: redis.Redis) -> None:
    owner = organizer()
    event_id = create(owner)
    redis_client.hset(event_keys(event_id).lost, "K" * 20, "1")
    redis_client.expire(event_keys(event_id).lost, 60)
    assert in_use(delete(owner, event_id))


def test_a_command_that_waits_for_its_turn_comes_first(redis_client: redis.Redis, drain: Drain) -> None:
    owner = organizer()
    event_id = create(owner)
    enqueue_resize(redis_client, event_snapshot(Event.objects.get(pk=event_id)), key="R" * 20, max_capacity=7)
    answer = delete(owner, event_id)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    drain.run(event_id)
    assert delete(owner, event_id).status_code == 200


@pytest.fixture
def before_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], Any]], None]]:
    """Has something done between the closing of the door and the deletion of the row."""

    def arrange(act: Callable[[], Any]) -> None:
        def instead(event: Event, **fields: Any) -> None:
            act()
            ledger.delete_event(event, **fields)

        monkeypatch.setattr(service, "delete_event", instead)

    yield arrange


def test_no_registration_gets_in_while_the_row_is_being_deleted(
    servers: Services, redis_client: redis.Redis, before_commit: Any
) -> None:
    """Not even with a copy of the row that was read before."""
    owner = organizer()
    event_id = create(owner)
    snapshot = event_snapshot(Event.objects.get(pk=event_id))
    found: list[Any] = []

    def come() -> None:
        found.append(register(servers, redis_client, event_id))
        found.append(put_snapshot(redis_client, snapshot))
        found.append(register(servers, redis_client, event_id))
        with pytest.raises(EventGone):
            enqueue_resize(redis_client, snapshot, key="R" * 20, max_capacity=7)

    before_commit(come)
    assert delete(owner, event_id).status_code == 200
    assert found == [404, False, 404]
    assert not redis_client.exists(event_keys(event_id).queue)


def test_a_deletion_that_ends_before_its_commit_is_repaired_by_the_sweep(
    servers: Services, redis_client: redis.Redis, before_commit: Any, sweep: Sweep
) -> None:
    owner = organizer()
    event_id = create(owner)

    def crash() -> None:
        raise redis.ConnectionError

    before_commit(crash)
    assert delete(owner, event_id).status_code == 503
    assert register(servers, redis_client, event_id) == 404
    sweep.once()
    assert register(servers, redis_client, event_id) == 202


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for the whole database")
def test_a_deletion_that_is_not_committed_yet_is_waited_for(
    servers: Services, redis_client: redis.Redis, before_commit: Any
) -> None:
    owner = organizer()
    event_id = create(owner)
    reopened: list[int] = []

    def reopen() -> None:
        reopened.append(service.reopen_undeleted(redis_client, [event_id]))
        connection.close()

    sweeping = threading.Thread(target=reopen)

    def meet() -> None:
        sweeping.start()
        wait_until_a_transaction_is_blocked()

    before_commit(meet)
    assert delete(owner, event_id).status_code == 200
    sweeping.join(60)
    assert reopened == [0]
    assert register(servers, redis_client, event_id) == 404


def test_the_sweep_leaves_a_deletion_that_is_still_at_work_alone(
    redis_client: redis.Redis, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its other repairs would put the row's copy back, and let a registration in that the commit then loses."""
    event_id = create(organizer())
    with transaction.atomic():
        event = ledger.event_for_change(event_id=event_id)
        assert event
        service.delete_unused(event, now=timezone.now())
        transaction.set_rollback(True)
    monkeypatch.setattr("worker.sweep.reopen_undeleted", lambda *args: 0)  # waits for the row's lock
    sweep.once()
    assert redis_client.hlen(event_keys(event_id).state) == 1
