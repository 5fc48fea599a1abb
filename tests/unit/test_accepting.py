"""Processes that share a listening socket: each takes its part of the connections, and waits for none that hangs."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import struct
from collections.abc import AsyncIterator, Iterator

import pytest
import uvloop

from omnify.accepting import PLACES, Acceptor, Loads


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as found:
        found.setblocking(False)
        yield found


class Process:
    """What one process has to do with it: connections of its own, and an acceptor. Two may share a loop here."""

    def __init__(self, listener: socket.socket, loads: Loads, *, connections: int = 0) -> None:
        self.connections = connections
        self.opened = 0
        self.acceptor = Acceptor(
            listener, self._make, ssl=None, connections=lambda: self.connections, loads=loads, place=loads.take()
        )

    def _make(self) -> asyncio.Protocol:
        self.connections += 1
        self.opened += 1
        return asyncio.Protocol()


@contextlib.asynccontextmanager
async def clients(listener: socket.socket, count: int) -> AsyncIterator[list[socket.socket]]:
    with contextlib.ExitStack() as held:
        yield [held.enter_context(socket.create_connection(listener.getsockname(), timeout=60)) for _ in range(count)]


async def until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.001)


def test_connections_are_shared_evenly(listener: socket.socket) -> None:
    async def scene() -> None:
        loads = Loads()
        # One descriptor for each: a loop watches a descriptor once.
        with listener.dup() as other:
            one, two = Process(listener, loads), Process(other, loads, connections=40)
            async with clients(listener, 60):
                await until(lambda: one.opened + two.opened == 60)
                assert abs(one.connections - two.connections) < 10
            one.acceptor.close()
            two.acceptor.close()

    uvloop.run(scene())


def test_a_process_that_takes_nothing_is_not_waited_for_again_and_again(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Waiting for it with every connection would take five minutes.
    monkeypatch.setattr("omnify.accepting.YIELD_SECONDS", 1.0)
    monkeypatch.setattr("omnify.accepting.MOST_YIELDS", 1)

    async def scene() -> None:
        loads = Loads()
        hanging = loads.take()
        assert hanging is not None
        loads.set(hanging, 0)
        one = Process(listener, loads, connections=10)
        async with clients(listener, 300):
            await until(lambda: one.opened == 300)
        one.acceptor.close()

    uvloop.run(scene())


def test_one_that_accepts_no_more_is_not_waited_for(listener: socket.socket) -> None:
    loads = Loads()
    first, second = loads.take(), loads.take()
    assert first is not None
    assert second is not None
    loads.set(first, 0)
    loads.set(second, 10)
    assert loads.is_ahead(second)
    loads.leave(first)
    assert not loads.is_ahead(second)
    loads.give_back(first)
    assert not loads.is_ahead(second)
    assert loads.take() == first


def test_a_small_lead_is_none() -> None:
    loads = Loads()
    first, second = loads.take(), loads.take()
    assert first is not None
    assert second is not None
    loads.set(first, 100)
    loads.set(second, 112)
    assert not loads.is_ahead(second)
    loads.set(second, 116)
    assert loads.is_ahead(second)
    assert not loads.is_ahead(first)


def test_a_process_without_a_place_accepts_too(listener: socket.socket) -> None:
    async def scene() -> None:
        loads = Loads()
        for _ in range(PLACES):
            assert loads.take() is not None
        one = Process(listener, loads)
        async with clients(listener, 5):
            await until(lambda: one.opened == 5)
        one.acceptor.close()

    uvloop.run(scene())


def test_connections_are_refused_once_none_accepts(listener: socket.socket) -> None:
    """And do not wait for a process that is about to end."""

    async def scene() -> None:
        one = Process(listener, Loads())
        address = listener.getsockname()
        one.acceptor.close()
        await one.acceptor.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=60)

    uvloop.run(scene())


def test_what_waits_when_the_last_one_closes_is_taken_and_not_reset(listener: socket.socket) -> None:
    """A balancer has sent its requests on these connections, and could not tell whether they were read."""

    async def scene() -> None:
        one = Process(listener, Loads())
        # Nothing runs between the connections and the end.
        async with clients(listener, 20) as held:
            assert one.opened == 0
            one.acceptor.close()
            await one.acceptor.wait_closed()
            assert one.opened == 20
            for client in held:
                client.sendall(b"a request")

    uvloop.run(scene())


def test_a_closed_one_leaves_what_waits_to_the_others(listener: socket.socket) -> None:
    async def scene() -> None:
        loads = Loads()
        # Each process has a descriptor of its own, and closes that one.
        old = Process(listener.dup(), loads)
        async with clients(listener, 5):
            await until(lambda: old.opened == 5)
            old.acceptor.close()
            await old.acceptor.wait_closed()
            async with clients(listener, 5):
                new = Process(listener, loads)
                await until(lambda: new.opened == 5)
                assert old.opened == 5
                new.acceptor.close()

    uvloop.run(scene())


def test_a_client_that_resets_its_connection_at_once_does_not_stop_the_others(listener: socket.socket) -> None:
    async def scene() -> None:
        one = Process(listener, Loads())
        for _ in range(50):
            with socket.create_connection(listener.getsockname()) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        before = one.opened
        async with clients(listener, 5):
            await until(lambda: one.opened >= before + 5)
        one.acceptor.close()

    uvloop.run(scene())


def test_without_a_free_file_it_goes_on_later(listener: socket.socket) -> None:
    async def scene() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        one = Process(listener, Loads())
        async with clients(listener, 3) as held:
            resource.setrlimit(resource.RLIMIT_NOFILE, (held[-1].fileno() + 1, hard))
            try:
                await until(lambda: one.acceptor._pause is not None)
                assert one.opened == 0
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await until(lambda: one.opened == 3)
        one.acceptor.close()

    uvloop.run(scene())
