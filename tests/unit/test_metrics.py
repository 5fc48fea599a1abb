"""Counters that are added up before they are written."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, Counter

from omnify.common.metrics import BufferedCounter


def counter() -> Counter:
    return Counter("answers", "For this test.", ["route"], registry=CollectorRegistry())


def test_increments_are_written_together_a_moment_later() -> None:
    written = counter()

    async def scene() -> None:
        buffered = BufferedCounter(written)
        for route in ("register", "register", "status"):
            buffered.add((route,))
        assert written.labels("register")._value.get() == 0
        async with asyncio.timeout(10):
            while not written.labels("status")._value.get():
                await asyncio.sleep(0.01)
        assert written.labels("register")._value.get() == 2
        buffered.add(("status",))
        async with asyncio.timeout(10):
            while written.labels("status")._value.get() < 2:
                await asyncio.sleep(0.01)

    asyncio.run(scene())


def test_nothing_is_counted_twice_and_a_flush_writes_at_once() -> None:
    written = counter()

    async def scene() -> None:
        buffered = BufferedCounter(written)
        buffered.add(("register",))
        buffered.flush()
        buffered.flush()
        assert written.labels("register")._value.get() == 1

    asyncio.run(scene())
