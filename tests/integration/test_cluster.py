"""Admission, drains and sweeps on a real Valkey Cluster of three masters."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.exceptions import TimeoutError

from events.admission import keys as k
from events.admission.cluster_gate import ClusterGate
from events.admission.durability import durability_problems
from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.heartbeat import beat, claim_dispatcher_wakeup, claim_sweep, worker_count
from events.admission.persistence import rewrite_files
from events.admission.queue import Queue
from events.admission.sign_ins import PER_ACCOUNT, begin_sign_in, sign_in_worked
from events.domain.states import Status
from events.models import Event, Registration
from omnify.common import redis_client
from omnify.common.redis_client import connect
from omnify.common.redis_slots import slot_of
from tests.support.in_process.cluster import (
    Crowd,
    Reader,
    decided_once,
    draining,
    events_on_each_master,
    other_master,
    slot_of_event,
    with_gate,
)
from tests.support.in_process.drain import make_drain, outcome, publish, statuses
from tests.support.in_process.events import open_event, tickets
from tests.support.in_process.gate import apply_for, kinds
from tests.support.valkey_cluster import Node, ValkeyCluster, until
from worker.sweep import Sweep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(cluster: ValkeyCluster) -> Iterator[redis.Redis]:
    client = connect(cluster.url)
    yield client
    client.close()


def test_events_on_all_nodes_are_registered_for_and_drained(cluster: ValkeyCluster, client: redis.Redis) -> None:
    events = [open_event(client, max_capacity=5, waitlist_capacity=3) for _ in range(12)]
    assert len({cluster.owner(slot_of_event(event)).name for event in events}) == 3

    async def scene(gate: Gate) -> Crowd:
        await gate.learn_clock()
        crowd = Crowd(gate)
        await crowd.all_register(events, 10)
        return crowd

    crowd: Crowd = with_gate(cluster.url, scene)
    assert crowd.answers == ["admitted"] * 120
    queue = Queue(client)
    assert queue.lengths([event.pk for event in events]) == [10] * 12
    for event in events:
        make_drain(queue).run(event.pk)
        assert statuses(event) == ["confirmed"] * 5 + ["waitlisted"] * 3 + ["rejected"] * 2
        assert decided_once(event, crowd.accepted[event.pk])


def test_a_slot_moves_while_a_crowd_registers_and_no_ticket_is_lost_or_doubled(
    cluster: ValkeyCluster, client: redis.Redis
) -> None:
    moving, staying = list(events_on_each_master(cluster, client, max_capacity=10_000).values())[:2]
    slot = slot_of_event(moving)
    target = other_master(cluster, slot)
    moved: list[int] = []

    async def scene(gate: Gate) -> Crowd:
        crowd, begun = Crowd(gate), threading.Event()
        registering = asyncio.gather(*[crowd.all_register([moving, staying], 600)])
        while not crowd.answers:
            await asyncio.sleep(0.001)
        # As slow as a large reshard, so that calls meet every state that a slot can be in.
        move = asyncio.to_thread(
            lambda: moved.append(cluster.move_slot(slot, to=target, pause=lambda: begun.wait(0.01)))
        )
        await asyncio.gather(move, registering)
        return crowd

    with draining(client, [moving, staying]):
        crowd: Crowd = with_gate(cluster.url, scene)
        until(lambda: Registration.objects.count() == 1200, "all are decided")
    assert moved[0] > 0
    assert cluster.owner(slot) is target
    assert set(crowd.answers) <= {"admitted", "queued", "decided"}
    for event in (moving, staying):
        assert decided_once(event, crowd.accepted[event.pk])


def test_news_follow_a_slot_to_another_node_and_disturb_no_other_event(
    cluster: ValkeyCluster, client: redis.Redis
) -> None:
    moving, *staying = list(events_on_each_master(cluster, client).values())
    slot = slot_of_event(moving)
    neighbour = open_event(client, load=False)
    while cluster.owner(slot_of_event(neighbour)) is not cluster.owner(slot) or slot_of_event(neighbour) == slot:
        neighbour = open_event(client, load=False)
    queue, events = Queue(client), [moving, *staying, neighbour]

    async def change(reader: Reader, event: Event, number: int) -> None:
        before = reader.changes[event.pk]
        publish(queue, event, outcome(f"ticket{number}", Status.CONFIRMED, number), waitlisted=0)
        await reader.until(lambda: reader.changes[event.pk] == before + 1)

    async def scene(gate: Gate) -> None:
        reader = Reader(gate)
        await reader.follow(*events)
        for event in events:
            await change(reader, event, 1)
        await asyncio.to_thread(cluster.move_slot, slot, to=other_master(cluster, slot))
        await reader.until(lambda: reader.subscriptions[moving.pk] == 2)
        for event in events:
            await change(reader, event, 2)
        assert [reader.subscriptions[event.pk] for event in events] == [2, 1, 1, 1]
        await reader.close()

    with_gate(cluster.url, scene)


def test_events_of_a_dead_node_are_unavailable_and_all_others_go_on(
    cluster: ValkeyCluster, client: redis.Redis
) -> None:
    events = events_on_each_master(cluster, client)
    # With it goes the first copy of what belongs to no event.
    dead = cluster.owner(slot_of(k.copies(k.WORKERS)[0]))
    lost = events.pop(dead.name)
    beat(client, "one")

    async def scene(gate: Gate) -> None:
        for event in (lost, *events.values()):
            assert kinds(await gate.admit(event.pk, [apply_for(1)])) == ["admitted"]
        dead.kill()
        for _ in range(3):
            with pytest.raises(QueueUnavailable):
                await gate.admit(lost.pk, [apply_for(2)])
            for event in events.values():
                assert kinds(await gate.admit(event.pk, [apply_for("again", key=tickets.mint())])) is not None

    with_gate(cluster.url, scene)
    queue, woken = Queue(client), list[int]()
    assert make_drain(queue).run(lost.pk).value == "back_off"
    for event in events.values():
        client.delete(f"{{event:{event.pk}}}:wake")
    sweep = Sweep(client=client, queue=queue, wake=woken.append, digest=tickets.email_digest, worker="one")
    with pytest.raises(redis.ConnectionError):
        sweep.once()
    assert sorted(woken) == sorted(event.pk for event in events.values())
    for event in events.values():
        make_drain(queue).run(event.pk)
        assert statuses(event) == ["confirmed"] * 2
    assert worker_count(client) == 1
    assert [claim_sweep(client, interval_ms=60_000) for _ in range(2)] == [True, False]
    assert [claim_dispatcher_wakeup(client) for _ in range(2)] == [True, False]
    assert client.ping()
    dead.restart()
    make_drain(queue).run(lost.pk)
    assert statuses(lost) == ["confirmed"]


def test_a_command_whose_reply_is_lost_is_not_sent_again(
    cluster: ValkeyCluster, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.admission.connection.REPLY_TIMEOUT_SECONDS", 0.3)
    monkeypatch.setitem(redis_client._OPTIONS, "socket_timeout", 0.3)
    name = "{event:0}:counter of the tests"
    hanging = cluster.owner(slot_of(name))

    async def scene(gate: ClusterGate) -> None:
        with connect(cluster.url) as single, connect(cluster.url) as together:
            # All have a connection that the next command leaves on.
            single.incr(name)
            in_pipeline(together, name)
            assert await gate.cluster.execute_command("INCR", name) == 3
            hanging.freeze()
            with pytest.raises(TimeoutError):
                single.incr(name)
            with pytest.raises(TimeoutError):
                in_pipeline(together, name)
            with pytest.raises(TimeoutError):
                await gate.cluster.execute_command("INCR", name)
            hanging.thaw()

    with_gate(cluster.url, scene)
    assert client.incr(name) == 3 + 3 + 1
    client.delete(name)


def in_pipeline(client: redis.Redis, name: str) -> None:
    pipe = client.pipeline(transaction=False)
    pipe.incr(name)
    pipe.execute()


def test_settings_and_files_are_those_of_every_master(cluster: ValkeyCluster, client: redis.Redis) -> None:
    assert durability_problems(client) == []
    second = cluster.masters[1]
    second.client.config_set("cluster-require-full-coverage", "yes")
    try:
        assert durability_problems(client) == [f"{second.name}: cluster-require-full-coverage is 'yes', not 'no'"]
    finally:
        second.client.config_set("cluster-require-full-coverage", "no")
    before = [rewrites(node) for node in cluster.masters]
    assert rewrite_files(client, seconds=60) == []
    assert [rewrites(node) for node in cluster.masters] == [count + 1 for count in before]


def rewrites(node: Node) -> int:
    found: Any = node.client.info("persistence")
    return int(found["aof_rewrites"])


def test_commands_that_wait_for_replicas_follow_their_slot_together(
    cluster: ValkeyCluster, client: redis.Redis
) -> None:
    name = "{event:0}:counter of the tests"
    client.set(name, 5)
    target = other_master(cluster, slot_of(name))
    cluster.move_slot(slot_of(name), to=target)
    target.client.config_resetstat()
    pipe = client.pipeline(transaction=False)
    for command in (("INCR", name), ("SET", "{event:0}:mark", "1", "PX", 1000), ("WAIT", 0, 100)):
        pipe.execute_command(*command)
    assert pipe.execute() == [6, True, 0]
    assert {f"cmdstat_{word}" for word in ("incr", "set", "wait")} <= set(target.client.info("commandstats"))
    client.delete(name)


def test_attempts_to_sign_in_are_counted_on_several_nodes(cluster: ValkeyCluster, client: redis.Redis) -> None:
    names = {"address": "one", "account": "two", "both": "three"}
    assert cluster.owner(slot_of(k.sign_ins("one"))) is not cluster.owner(slot_of(k.sign_ins("two")))
    waits = [begin_sign_in(client, **names) for _ in range(PER_ACCOUNT + 1)]
    assert [wait > 0 for wait in waits] == [False] * PER_ACCOUNT + [True]
    sign_in_worked(client, **names)
    assert begin_sign_in(client, **names) == 0
