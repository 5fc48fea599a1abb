"""An operator who does not keep receipts: the queue or the database is changed by hand, and the stand-alone verifier is
run as a program on files that a third party has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.models import DecisionLog, DecisionLogChunk, Event, Registration
from tests.support.in_process.door import Visitor
from tests.support.in_process.receipts import at_the_door, receipt_of, receipts_of, run_verifier, save_log
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]
Scene = Callable[[Visitor], Awaitable[Any]]


@pytest.fixture
def enter(servers: Services, redis_client: redis.Redis) -> Callable[[Scene], Any]:
    return lambda scene: at_the_door(servers, redis_client, scene)


def test_receipts_that_are_kept_are_said_to_be(make_event: Make, enter: Any, drain: Drain, tmp_path: Path) -> None:
    event = make_event(max_capacity=3, waitlist_capacity=2)
    told = enter(lambda visitor: receipts_of(visitor, event, 7))
    drain.run(event.pk)
    status, said = run_verifier(save_log(event, tmp_path), event, told)
    assert (status, "receipts: 7 kept, 0 not decided yet" in said) == (0, True), said


def decide_anew(event: Event, client: redis.Redis, drain: Drain, change: Callable[[list[Any]], list[Any]]) -> None:
    """The attack: the queue is changed before it is decided."""
    queue = event_keys(event.pk).queue
    waiting: Any = client.xrange(queue)
    client.delete(queue)
    for entry_id, fields in change(waiting):
        client.xadd(queue, fields, id=entry_id)
    drain.run(event.pk)


def test_a_ticket_that_was_left_out_is_proved_by_its_receipt(
    make_event: Make, enter: Any, drain: Drain, redis_client: redis.Redis, tmp_path: Path
) -> None:
    event = make_event()
    told = enter(lambda visitor: receipts_of(visitor, event, 5))
    decide_anew(event, redis_client, drain, lambda waiting: [*waiting[:2], *waiting[3:]])
    status, said = run_verifier(save_log(event, tmp_path), event, told)
    assert status == 1
    assert said.count("RECEIPT BROKEN") == 1
    assert "was promised sequence 3, and the log goes on to sequence 5 without it" in said
    assert "proved by" in said
    assert "every decision is the only one" not in said


def test_two_tickets_that_were_swapped_are_proved_by_their_receipts(
    make_event: Make, enter: Any, drain: Drain, redis_client: redis.Redis, tmp_path: Path
) -> None:
    event = make_event(max_capacity=2)
    told = enter(lambda visitor: receipts_of(visitor, event, 4))

    def swap(waiting: list[Any]) -> list[Any]:
        (first, one), second, third, (last, other) = waiting
        return [(first, other), second, third, (last, one)]

    decide_anew(event, redis_client, drain, swap)
    status, said = run_verifier(save_log(event, tmp_path), event, told)
    assert (status, said.count("RECEIPT BROKEN")) == (1, 2), said
    assert "was promised sequence 1, and the log has it with sequence 4" in said


def test_a_friend_who_was_slipped_in_before_others_moves_tickets_whose_receipts_say_so(
    make_event: Make, enter: Any, drain: Drain, redis_client: redis.Redis, tmp_path: Path
) -> None:
    event = make_event(max_capacity=2)
    told = enter(lambda visitor: receipts_of(visitor, event, 3))
    friend = enter(lambda visitor: receipt_of(visitor, event, 9))

    def slip_in(waiting: list[Any]) -> list[Any]:
        *others, (_, fields) = waiting
        moved = [fields, *(one for _, one in others)]
        return [(f"{number}-0", one) for number, one in enumerate(moved, 1)]

    decide_anew(event, redis_client, drain, slip_in)
    status, said = run_verifier(save_log(event, tmp_path), event, told)
    assert (status, said.count("RECEIPT BROKEN")) == (1, 3), said
    # The friend's own receipt is one more proof: it names a place that another holder was promised.
    assert friend["sequence"] == 4


def test_a_log_that_was_rewritten_by_hand_contradicts_the_receipt(
    make_event: Make, enter: Any, drain: Drain, tmp_path: Path
) -> None:
    event = make_event()
    told = enter(lambda visitor: receipts_of(visitor, event, 3))
    drain.run(event.pk)
    Registration.objects.filter(event=event, sequence=2).delete()
    Event.objects.filter(pk=event.pk).update(confirmed_count=2)
    remove_entry(event, sequence=2)
    status, said = run_verifier(save_log(event, tmp_path), event, told)
    assert status == 1
    assert "was promised sequence 2, and the log goes on to sequence 3 without it" in said
    assert "NOT AS IT MUST BE" not in said


def remove_entry(event: Event, *, sequence: int) -> None:
    """Takes a registration out of the only chunk and makes the tree anew, so that nothing but the receipt tells."""
    from events.domain.decision_log.merkle import Tree, leaf_hash
    from tests.support.decision_log import unframe

    chunk = DecisionLogChunk.objects.get(log_id=event.pk)
    left = [one for one in unframe(bytes(chunk.entries)) if one[0] != 2 or int.from_bytes(one[6:14]) != sequence]
    chunk.entries = b"".join(len(one).to_bytes(2) + one for one in left)
    chunk.save()
    tree, _ = Tree().append([leaf_hash(one) for one in left])
    DecisionLog.objects.filter(pk=event.pk).update(size=tree.size, frontier=tree.packed)


def test_a_sequence_that_was_promised_twice_is_proved_by_the_two_receipts(
    make_event: Make, enter: Any, drain: Drain, redis_client: redis.Redis, tmp_path: Path
) -> None:
    event = make_event()
    mine = enter(lambda visitor: receipt_of(visitor, event, 1))
    # The attack: the entry goes, and its sequence is given to another.
    keys = event_keys(event.pk)
    redis_client.delete(keys.queue, keys.pending)
    redis_client.hset(keys.state, "seq", 0)
    friends = enter(lambda visitor: receipt_of(visitor, event, 2))
    drain.run(event.pk)
    status, said = run_verifier(save_log(event, tmp_path), event, [mine, friends])
    assert status == 1
    assert f"two tickets were promised sequence 1 of event {event.pk}" in said
    assert "receipts.json (1) and" in said


def test_a_ticket_that_was_lost_is_proved_by_its_receipt(
    make_event: Make, enter: Any, drain: Drain, redis_client: redis.Redis, tmp_path: Path
) -> None:
    event = make_event()
    told = enter(lambda visitor: receipts_of(visitor, event, 2))
    drain.run(event.pk)
    lost = enter(lambda visitor: receipt_of(visitor, event, 8))
    redis_client.delete(event_keys(event.pk).queue)
    later = enter(lambda visitor: receipt_of(visitor, event, 9))
    drain.run(event.pk)
    status, said = run_verifier(save_log(event, tmp_path), event, [*told, lost, later])
    assert (status, said.count("RECEIPT BROKEN")) == (1, 1), said
    assert f"{lost['commitment']} was promised sequence 3" in said
