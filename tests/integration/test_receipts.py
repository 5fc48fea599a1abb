"""Receipts at a real door, and what becomes of an operator who does not keep them: the database is changed by hand, and
the stand-alone verifier is run as a program on files that a third party has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings

from events.admission.keys import event_keys
from events.domain.decision_log.notes import NoteSigner
from events.domain.decision_log.receipts import ReceiptSigner
from events.models import DecisionLog, DecisionLogChunk, Event, Registration
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.receipts import at_the_door, run_verifier, save_log
from tests.support.servers import Services
from verify.omnify_verify import Receipt, open_receipt
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Scene = Callable[[Visitor], Awaitable[Any]]
PUBLIC = NoteSigner("any", bytes(range(32)))._public


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of other tests had the same numbers: what was signed of them is not remembered here."""
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, home=tmp_path / "home"))


@pytest.fixture
def enter(servers: Services, redis_client: redis.Redis) -> Callable[[Scene], Any]:
    return lambda scene: at_the_door(servers, redis_client, scene)


async def receipt_of(visitor: Visitor, event: Event, number: int, **headers: str) -> dict[str, Any]:
    status, sent, body = await visitor.register(event.pk, number, prefer="receipt", **headers)
    assert (status, sent["preference-applied"]) == (202, "receipt")
    told: dict[str, Any] = body["data"]["receipt"]
    opened = opened_of(told)
    assert (opened.event_id, opened.ticket) == (event.pk, sha256(body["data"]["ticket_id"].encode()).digest())
    assert told["requested_at"] == body["data"]["requested_at"]
    return told


def opened_of(told: dict[str, Any]) -> Receipt:
    return open_receipt("", told, {PUBLIC})


async def receipts_of(visitor: Visitor, event: Event, count: int) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(receipt_of(visitor, event, number) for number in range(count))))


@pytest.mark.usefixtures("both_ways")
def test_a_receipt_names_ticket_place_and_time_for_those_who_ask(make_event: Make, enter: Any) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        first = await receipt_of(visitor, event, 1)
        status, sent, body = await visitor.register(event.pk, 2)
        assert (status, "receipt" in body["data"], "preference-applied" in sent) == (202, False, False)
        third = await receipt_of(visitor, event, 3)
        assert [first["sequence"], third["sequence"]] == [1, 3]

    enter(scene)


@pytest.mark.usefixtures("both_ways")
def test_a_retry_gets_the_same_statement_in_line_and_after_the_decision(
    make_event: Make, enter: Any, drain: Drain
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        statements = [opened_of(await receipt_of(visitor, event, 1, idempotency_key="one"))]
        await receipt_of(visitor, event, 2)
        statements.append(opened_of(await receipt_of(visitor, event, 1, idempotency_key="one")))
        await asyncio.to_thread(drain.run, event.pk)
        statements.append(opened_of(await receipt_of(visitor, event, 1, idempotency_key="one")))
        assert len(set(statements)) == 1

    enter(scene)


@pytest.mark.usefixtures("both_ways")
def test_who_is_refused_gets_no_receipt(make_event: Make, enter: Any, drain: Drain) -> None:
    event = make_event(max_capacity=1)

    async def scene(visitor: Visitor) -> None:
        await receipt_of(visitor, event, 1)
        await asyncio.to_thread(drain.run, event.pk)
        status, sent, body = await visitor.register(event.pk, 2, prefer="receipt")
        assert (status, body["code"], "preference-applied" in sent) == (409, "sold_out", False)

    enter(scene)


@pytest.mark.usefixtures("both_ways")
def test_an_event_that_is_loaded_first_gives_receipts_too(
    make_event: Make, enter: Any, redis_client: redis.Redis
) -> None:
    event = make_event()
    redis_client.delete(event_keys(event.pk).state)
    enter(lambda visitor: receipt_of(visitor, event, 1))


@pytest.mark.usefixtures("both_ways")
def test_those_who_come_at_once_share_signatures(make_event: Make, enter: Any) -> None:
    event = make_event()
    told = enter(lambda visitor: receipts_of(visitor, event, 60))
    assert sorted(one["sequence"] for one in told) == list(range(1, 61))
    assert len({one["note"] for one in told}) < 10


@pytest.mark.usefixtures("both_ways")
def test_those_who_come_at_once_for_several_events_share_them_too(make_event: Make, enter: Any) -> None:
    events = [make_event() for _ in range(20)]

    async def scene(visitor: Visitor) -> list[dict[str, Any]]:
        return list(await asyncio.gather(*(receipt_of(visitor, event, 1) for event in events)))

    told = enter(scene)
    assert [one["event_id"] for one in told] == [event.pk for event in events]
    assert len({one["note"] for one in told}) < 10


@pytest.mark.usefixtures("both_ways")
def test_without_a_key_a_registration_is_answered_as_if_none_had_been_asked_for(
    make_event: Make, servers: Services
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        status, sent, body = await visitor.register(event.pk, 1, prefer="receipt")
        assert (status, "receipt" in body["data"], "preference-applied" in sent) == (202, False, False)

    visit(servers, scene)


@pytest.mark.usefixtures("both_ways")
def test_a_registration_stays_promised_if_its_receipt_cannot_be_signed(
    make_event: Make, enter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event()

    def fail(*_: object) -> list[bytes]:
        raise OSError("no more randomness")

    monkeypatch.setattr(ReceiptSigner, "sign", fail)

    async def scene(visitor: Visitor) -> None:
        status, sent, body = await visitor.register(event.pk, 1, prefer="receipt")
        assert (status, body["data"]["status"], "preference-applied" in sent) == (202, "queued", False)

    enter(scene)


# An operator who does not keep them


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
