"""Crowds on a Cluster, over HTTP: a slot moves and a master dies under them, and only its own events are away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from omnify.common.redis_client import connect
from omnify.common.redis_slots import slot_of
from tests.support.service.crowd import Crowd
from tests.support.service.event import Event, open_event
from tests.support.service.parts import DRAINS, STORES
from tests.support.service.processes import Service
from tests.support.valkey_cluster import ValkeyCluster, has_copy, running_cluster, serves
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.soak(only=True)]

SIZE = 400


@pytest.fixture
def cluster() -> Iterator[ValkeyCluster]:
    with running_cluster(replicas=1, node_timeout_ms=1000) as cluster:
        yield cluster


@pytest.fixture
def spread(cluster: ValkeyCluster) -> Iterator[Service]:
    """A service whose queue is the Cluster."""
    service = Service((*STORES, "web", DRAINS[0]), WEB_WORKERS="1", REDIS_URL=cluster.url, QUEUE_REPLICAS="1")
    service.redis.close()
    service.redis = connect(cluster.url)
    try:
        service.start()
        yield service
    finally:
        service.close()


def slot(event: Event) -> int:
    return slot_of(event.keys.queue)


def events_on_each_master(service: Service, cluster: ValkeyCluster) -> list[Event]:
    found: dict[str, Event] = {}
    while len(found) < len(cluster.masters):
        event = open_event(service)
        found.setdefault(cluster.owner(slot(event)).name, event)
    return list(found.values())


def unavailable(event: Event) -> bool:
    """Whether the first guest, who may have a ticket already, is told to come again."""
    answer = event.register(1, key="guest-1")
    return answer.refusal == (503, "unavailable") and int(answer.headers["retry-after"]) >= 1


def test_a_slot_moves_and_a_master_dies_under_crowds_and_every_202_is_decided_once(
    spread: Service, cluster: ValkeyCluster
) -> None:
    staying, moving, hit = (Crowd(event, SIZE) for event in events_on_each_master(spread, cluster))
    crowds = (staying, moving, hit)
    for crowd in crowds:
        crowd.start()
    for crowd in crowds:
        crowd.wait_for_tickets(SIZE // 10)

    target = cluster.owner(slot(staying.event))
    assert cluster.move_slot(slot(moving.event), to=target) > 0
    assert cluster.owner(slot(moving.event)) is target
    moving.add("behind-the-move")

    dead = cluster.owner(slot(hit.event))
    dead.kill()
    assert unavailable(hit.event)
    staying.add("while-another-is-dead")
    moving.add("while-another-is-dead")
    wait_until(lambda: any(serves(node, slot(hit.event)) for node in cluster.replicas), "its replica is promoted")
    assert unavailable(hit.event), "the promoted one has no replica, and QUEUE_REPLICAS is 1"
    dead.restart()
    wait_until(lambda: has_copy(dead), "the dead one has come back as a replica")
    for crowd in crowds:
        crowd.verify()
