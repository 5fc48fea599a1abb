"""Fixtures over `tests.support.in_process`, which needs Django and so is imported late."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.servers import Services
from tests.support.valkey_cluster import ValkeyCluster, running_cluster


@pytest.fixture
def make_event(db: None, redis_client: redis.Redis) -> Callable[..., Any]:
    """Makes an open event: `make_event(max_capacity=3)`."""
    from tests.support.in_process.events import open_event

    return partial(open_event, redis_client)


@pytest.fixture(scope="session")
def started_cluster() -> Iterator[ValkeyCluster]:
    """Three masters without replicas, started when the first test asks for them."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(started_cluster: ValkeyCluster) -> ValkeyCluster:
    """The same, empty."""
    started_cluster.empty()
    return started_cluster


@pytest.fixture
def admit(servers: Services) -> Callable[..., Any]:
    """Admits applications to an event in one batch, and returns the gate's reply."""
    from tests.support.in_process.gate import with_gate

    def call(event_id: int, applications: Sequence[Any], *, queue_limit: int = 1000, limit: Any = None) -> Any:
        return with_gate(servers, lambda gate: gate.admit(event_id, applications), queue_limit=queue_limit, limit=limit)

    return call


@pytest.fixture(params=["asgi", "fast path"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test of the door twice: as an ASGI application, and through its fast path."""
    from tests.support.in_process import door

    monkeypatch.setattr(door, "USE_FAST_PATH", request.param == "fast path")


@pytest.fixture
def give_back(servers: Services) -> Callable[..., Any]:
    """Sends cancellations in one batch, and returns admission's answers."""
    from events.admission.calls import CancelRequest
    from tests.support.in_process.gate import with_gate

    def call(event: Any, *keys: str, held: bool = False) -> Any:
        requests = [CancelRequest(key, held_in_ledger=held) for key in keys]
        return with_gate(servers, lambda gate: gate.cancel(event.pk, requests)).answers

    return call


@pytest.fixture
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own: events of others had the same numbers, and what was signed of them is not remembered
    here."""
    from django.conf import settings

    home = tmp_path / "home"
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, home=home))
    return home


@pytest.fixture
def caller(db: None) -> Any:
    """An organizer's client of the API, with a token."""
    from tests.support.in_process.api import organizer

    return organizer()


@pytest.fixture
def operator(db: None) -> Any:
    """A browser that is signed in at /admin/."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def queue(redis_client: redis.Redis) -> Any:
    """The drain's view of the run's Valkey."""
    from tests.support.in_process.drain import make_queue

    return make_queue(redis_client)


@pytest.fixture
def drain(queue: Any) -> Any:
    """A drain in this process."""
    from tests.support.in_process.drain import make_drain

    return make_drain(queue)


@pytest.fixture
def working_drain(db: None, redis_client: redis.Redis) -> Iterator[None]:
    """A drain in a thread, as a worker's sweep would keep it, for tests that wait until a command is carried out."""
    from tests.support.in_process.drain import drain_all_until

    stop = threading.Event()
    thread = threading.Thread(target=drain_all_until, args=(redis_client, stop))
    thread.start()
    yield
    stop.set()
    thread.join(timeout=100)
    assert not thread.is_alive()


@pytest.fixture(scope="session")
def pair() -> Iterator[Any]:
    """A primary with one replica, for tests that kill neither."""
    from tests.support.replicated_valkey import ReplicatedValkey

    servers = ReplicatedValkey().start()
    yield servers
    servers.close()


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()}: {getattr(record, 'fields', {})}")


@pytest.fixture(autouse=True)
def nothing_is_done_unrecorded() -> Iterator[None]:
    """Fails a test that changes something which the audit trail does not know (`events.services.audit`)."""
    handler, watched = _Complaints(), logging.getLogger("events.services.audit")
    watched.addHandler(handler)
    yield
    watched.removeHandler(handler)
    assert not handler.lines
