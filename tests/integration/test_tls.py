"""TLS with the stores: every client speaks it, and none speaks to a server whose certificate it cannot verify."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import redis
import uvloop
from psycopg2.extensions import parse_dsn
from redis.asyncio.connection import parse_url

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.link import Link, can_link
from events.admission.queue import Queue
from omnify.celery import app
from omnify.common.broker_url import read_broker_url
from omnify.common.redis_client import connect, connect_async
from omnify.common.redis_tls import shared, tls_of
from omnify.postgres.address import postgres_config
from tests.support.in_process.cluster import Crowd, decided_once, draining, events_on_each_master, with_gate
from tests.support.in_process.drain import make_drain
from tests.support.in_process.events import open_event
from tests.support.in_process.gate import apply_for
from tests.support.servers import Services
from tests.support.tls import Certificate, TlsFront, make_certificate
from tests.support.valkey_cluster import ValkeyCluster, until

UNVERIFIED = "certificate verify failed"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def front(servers: Services, certificate: Certificate) -> Iterator[TlsFront]:
    """The run's Valkey, with TLS."""
    with TlsFront(servers.valkey.port, certificate).running() as front:
        yield front


@pytest.fixture(params=["another authority", "another address"])
def misfit(
    request: pytest.FixtureRequest, tmp_path: Path, front: TlsFront, certificate: Certificate, servers: Services
) -> Iterator[tuple[int, Path]]:
    """The port of a server with a certificate that is not to be trusted, and the authority that a client trusts."""
    if request.param == "another authority":
        yield front.port, make_certificate(tmp_path, name="Another CA").authority
        return
    other = make_certificate(tmp_path, address="127.0.0.2")
    with TlsFront(servers.valkey.port, other).running() as wrong:
        yield wrong.port, other.authority


def address(servers: Services, port: int, authority: Path, scheme: str = "rediss") -> str:
    return f"{scheme}://:{servers.valkey.password}@127.0.0.1:{port}/0?ssl_ca_certs={authority}"


@pytest.mark.django_db(transaction=True)
def test_a_crowd_registers_and_is_decided_over_tls(
    servers: Services, front: TlsFront, certificate: Certificate, redis_client: redis.Redis
) -> None:
    url = address(servers, front.port, certificate.authority)
    assert can_link(url)
    event = open_event(redis_client, max_capacity=10_000)

    async def scene(gate: Gate) -> Crowd:
        crowd = Crowd(gate)
        await crowd.all_register([event], 100)
        return crowd

    crowd: Crowd = with_gate(url, scene)
    with connect(url) as client:
        make_drain(Queue(client)).run(event.pk)
    assert decided_once(event, crowd.accepted[event.pk])
    assert len(crowd.answers) == 100


async def _ping_link(url: str) -> Any:
    link = Link(url)
    try:
        return await link.execute_command("PING")
    finally:
        await link.aclose()


async def _ping_async(url: str) -> Any:
    async with connect_async(url) as client:
        return await client.ping()


def _ping(url: str) -> Any:
    with connect(url) as client:
        return client.ping()


CLIENTS: dict[str, Callable[[str], Any]] = {
    "the door's link": lambda url: uvloop.run(_ping_link(url)),
    "the link on asyncio's loop": lambda url: asyncio.run(_ping_link(url)),
    "the door's other client": lambda url: uvloop.run(_ping_async(url)),
    "the workers' client": _ping,
}


@pytest.mark.parametrize("ping", CLIENTS.values(), ids=CLIENTS.keys())
def test_a_certificate_that_does_not_fit_is_refused_and_the_error_says_so(
    servers: Services, misfit: tuple[int, Path], ping: Callable[[str], Any]
) -> None:
    with pytest.raises((redis.RedisError, OSError), match=UNVERIFIED):
        ping(address(servers, *misfit))


@pytest.mark.parametrize("scheme", ["rediss", "rediss+cluster", "rediss+sentinel"])
def test_a_door_says_what_is_wrong_with_the_certificate(
    servers: Services, misfit: tuple[int, Path], scheme: str
) -> None:
    url = address(servers, *misfit, scheme=scheme)
    if scheme == "rediss+sentinel":
        url = url.replace("/0?", "/queue/0?")

    async def scene(gate: Gate) -> list[str]:
        reasons = []
        for call in (gate.learn_clock, lambda: gate.admit(1, [apply_for(1)])):
            with pytest.raises(QueueUnavailable) as failed:
                await call()
            reasons.append(str(failed.value.__cause__))
        return reasons

    assert any(UNVERIFIED in reason for reason in with_gate(url, scene, replicas=1))


@pytest.mark.parametrize("ping", CLIENTS.values(), ids=CLIENTS.keys())
def test_each_client_speaks_tls(
    servers: Services, front: TlsFront, certificate: Certificate, ping: Callable[[str], Any]
) -> None:
    assert ping(address(servers, front.port, certificate.authority)) in (True, b"PONG")


def test_an_authority_that_is_not_there_fails_a_call_and_not_the_start(servers: Services, front: TlsFront) -> None:
    with pytest.raises(FileNotFoundError):
        uvloop.run(_ping_link(address(servers, front.port, Path("/nowhere/ca.pem"))))


def test_connections_share_a_context_until_one_of_its_files_is_written_anew(tmp_path: Path) -> None:
    authority = make_certificate(tmp_path).authority

    def context(more: str = "") -> Any:
        tls = tls_of(dict(parse_url(f"rediss://127.0.0.1?ssl_ca_certs={authority}{more}")))
        assert tls is not None
        return shared(tls).get()

    first = context()
    assert context() is first
    assert context("&ssl_check_hostname=false") is not first
    os.utime(authority, ns=(0, 0))
    assert context() is not first


@pytest.mark.django_db(transaction=True)
def test_every_node_of_a_cluster_is_spoken_to_with_tls(cluster: ValkeyCluster, certificate: Certificate) -> None:
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(connect(cluster.url))
        events = list(events_on_each_master(cluster, plain, max_capacity=10_000).values())
        ports = [
            stack.enter_context(TlsFront(node.server.port, certificate).running()).port for node in cluster.masters
        ]
        for node, port in zip(cluster.masters, ports, strict=True):
            node.client.config_set("cluster-announce-port", port)
            stack.callback(node.client.config_set, "cluster-announce-port", 0)
        until(lambda: all(_announced(node) == set(ports) for node in cluster.masters), "all nodes know the new ports")
        password = cluster.masters[0].server.password
        url = f"rediss+cluster://:{password}@127.0.0.1:{ports[0]}?ssl_ca_certs={certificate.authority}"

        async def scene(gate: Gate) -> Crowd:
            crowd = Crowd(gate)
            await crowd.all_register(events, 20)
            return crowd

        client = stack.enter_context(connect(url))
        with draining(client, events):
            crowd: Crowd = with_gate(url, scene)
            until(lambda: not sum(Queue(client).lengths([event.pk for event in events])), "all are decided")
        for event in events:
            assert decided_once(event, crowd.accepted[event.pk])
    until(lambda: all(len(_announced(node) & set(ports)) == 0 for node in cluster.masters), "the ports are as before")


def _announced(node: Any) -> set[int]:
    return {master[1] for _, _, master, *_ in node.call("CLUSTER", "SLOTS")}


def test_wake_ups_go_through_a_broker_with_tls(servers: Services, front: TlsFront, certificate: Certificate) -> None:
    broker = read_broker_url(address(servers, front.port, certificate.authority).replace("/0?", "/1?"))
    with app.connection_for_write(broker.url, transport_options=broker.options, ssl=broker.tls) as connection:
        messages = connection.SimpleQueue("wake-ups over TLS")
        messages.put("now")
        found = messages.get(timeout=30)
        found.ack()
        assert found.payload == "now"
        messages.queue.delete()
        messages.close()


def test_a_broker_whose_certificate_does_not_fit_is_refused(servers: Services, misfit: tuple[int, Path]) -> None:
    broker = read_broker_url(address(servers, *misfit))
    with (
        app.connection_for_write(broker.url, transport_options=broker.options, ssl=broker.tls) as connection,
        pytest.raises(Exception, match=UNVERIFIED),
    ):
        connection.ensure_connection(max_retries=1)


@pytest.fixture
def database(servers: Services, certificate: Certificate) -> Iterator[TlsFront]:
    """The run's PostgreSQL, with TLS."""
    if servers.database != "postgres":
        pytest.skip("SQLite is no server")
    port = int(parse_dsn(os.environ["DATABASE_URL"])["port"])
    with TlsFront(port, certificate, postgres=True).running() as front:
        yield front


def _connect(front: TlsFront, authority: Path) -> Any:
    """Connects as Django does, with the options of a URL."""
    given = parse_dsn(os.environ["DATABASE_URL"])
    url = f"postgresql://{given['user']}:{given['password']}@127.0.0.1:{front.port}/postgres"
    config = postgres_config(f"{url}?sslmode=verify-full&sslrootcert={authority}", pooled=False)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return psycopg2.connect(**{name: config[part] for name, part in names.items()}, **config["OPTIONS"])


def test_postgresql_is_spoken_to_with_tls_and_its_certificate_verified(
    database: TlsFront, certificate: Certificate, tmp_path: Path
) -> None:
    with contextlib.closing(_connect(database, certificate.authority)) as connection:
        assert connection.info.ssl_in_use
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
    with pytest.raises(psycopg2.OperationalError, match=UNVERIFIED):
        _connect(database, make_certificate(tmp_path, name="Another CA").authority)
