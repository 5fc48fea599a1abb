"""A replica that was behind takes over: what doors have admitted and it does not know is found, marked and counted."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.keys import event_keys
from events.admission.link import Link
from events.models import Event, Registration
from omnify.common.redis_client import connect_async
from tests.support.in_process.drain import make_drain, make_queue
from tests.support.in_process.events import open_event
from tests.support.in_process.gate import apply_for, kinds
from tests.support.replicated_valkey import ReplicatedValkey
from worker.repair import mark_lost

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair_to_kill(db: None) -> Iterator[ReplicatedValkey]:
    servers = ReplicatedValkey().start()
    yield servers
    servers.close()


def visit(pair: ReplicatedValkey, scene: Any) -> None:
    """Runs a scene with the gates of two doors."""

    async def run() -> None:
        url = pair.primary.valkey.url()
        links, client = [Link(url), Link(url)], connect_async(url)
        try:
            async with asyncio.timeout(60):
                await scene(*[Gate(client, queue_limit=1000, link=link) for link in links])
        finally:
            await asyncio.gather(client.aclose(), *[link.aclose() for link in links])

    asyncio.run(run())


async def admit(gate: Gate, event: Event, guest: Any) -> Any:
    """Admits a guest, who tries again if the door finds its connection broken."""
    try:
        return await gate.admit(event.pk, [guest])
    except QueueUnavailable:
        return await gate.admit(event.pk, [guest])


def reconcile(event: Event) -> str:
    out = io.StringIO()
    with pytest.raises(CommandError, match="4 tickets are lost"):
        call_command("reconcile", event=event.pk, stdout=out)
    return out.getvalue()


def test_tickets_that_the_promoted_server_lacks_are_lost_and_counted_and_no_sequence_comes_twice(
    pair_to_kill: ReplicatedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fourth guest is decided by the primary that dies, and that the replica does not know."""
    pair = pair_to_kill
    primary, replica = pair.primary, pair.replicas[0]
    event = open_event(primary.client, max_capacity=100)
    drain = make_drain(make_queue(primary.client))
    guests = [apply_for(number) for number in range(8)]
    lost = guests[4:]

    async def scene(first: Gate, second: Gate) -> None:
        await first.admit(event.pk, guests[:2])
        await second.admit(event.pk, guests[2:3])
        with pair.cut_off(replica):
            await first.admit(event.pk, guests[3:4])
            await asyncio.to_thread(drain.run, event.pk)
            await first.admit(event.pk, guests[4:6])
            await second.admit(event.pk, guests[6:])
            primary.kill()
        pair.take_over(replica)
        for gate, number in ((second, 9), (first, 10)):
            assert (await admit(gate, event, apply_for(number))).answers[0].sequence == number
        assert kinds(await first.statuses(event.pk, [guest.key for guest in lost])) == ["unknown"] * 4

    visit(pair, scene)
    monkeypatch.setattr("events.management.commands.reconcile.redis_client", lambda: replica.client)
    before = reconcile(event)
    assert mark_lost(replica.client, event.pk) == 4
    assert reconcile(event) == before
    assert before.count(f"event {event.pk}: lost ") == 4
    assert replica.client.hgetall(event_keys(event.pk).missing) == {}
    make_drain(make_queue(replica.client)).run(event.pk)
    rows = list(Registration.objects.filter(event=event).order_by("pk").values_list("ticket_key", "sequence"))
    assert [number for _, number in rows] == [1, 2, 3, 4, 9, 10]
    assert not {guest.key for guest in lost} & {key for key, _ in rows}


def test_a_retry_of_a_lost_registration_is_not_called_lost(pair_to_kill: ReplicatedValkey) -> None:
    """With an Idempotency-Key it has the same ticket, which is queued now."""
    pair = pair_to_kill
    event = open_event(pair.primary.client)
    guest = apply_for(1)

    async def scene(gate: Gate, _: Gate) -> None:
        await gate.admit(event.pk, [apply_for(0)])
        with pair.cut_off(pair.replicas[0]):
            await gate.admit(event.pk, [guest])
            pair.primary.kill()
        pair.take_over(pair.replicas[0])
        assert kinds(await admit(gate, event, guest)) == ["admitted"]

    visit(pair, scene)
    client = pair.replicas[0].client
    assert client.hkeys(event_keys(event.pk).missing) == [guest.key.encode()]
    assert mark_lost(client, event.pk) == 0
    assert client.exists(event_keys(event.pk).missing, event_keys(event.pk).lost) == 0
