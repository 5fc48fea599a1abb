"""Counters and histograms that are added up before they are written."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, Counter, Histogram

from omnify.common.metrics import BufferedCounter, BufferedHistogram


def counter() -> Counter:
    return Counter("answers", "For this test.", ["route"], registry=CollectorRegistry())


def test_increments_are_written_together_a_moment_later() -> None:
    written = counter()

    async def scene() -> None:
        buffered = BufferedCounter(written)
        for route in ("register", "register", "status"):
            buffered.add((route,))
        assert written.labels("register")._value.get() == 0
        async with asyncio.timeout(60):
            while not written.labels("status")._value.get():
                await asyncio.sleep(0.01)
        assert written.labels("register")._value.get() == 2
        buffered.add(("status",))
        async with asyncio.timeout(60):
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


def test_what_comes_first_is_seen_where_the_other_is() -> None:
    slow, answers = counter(), counter()

    async def scene() -> None:
        first = BufferedCounter(slow)
        buffered = BufferedCounter(answers, first=first)
        first.add(("register",))
        buffered.add(("register",))
        buffered.flush()
        assert slow.labels("register")._value.get() == answers.labels("register")._value.get() == 1

    asyncio.run(scene())


def histogram() -> Histogram:
    return Histogram("seconds", "For this test.", buckets=(0.1, 1, 10), registry=CollectorRegistry())


def samples(found: Histogram) -> dict[tuple[str, str], float]:
    values = next(iter(found.collect())).samples
    return {(one.name, one.labels.get("le", "")): one.value for one in values if not one.name.endswith("_created")}


def test_a_buffered_histogram_holds_what_the_usual_one_would() -> None:
    amounts = [0.05, 0.1, 0.10001, 1, 3, 10, 11, 500, 0]
    usual, written = histogram(), histogram()
    for amount in amounts:
        usual.observe(amount)

    async def scene() -> None:
        buffered = BufferedHistogram(written)
        for amount in amounts:
            buffered.observe(amount)
        assert samples(written)["seconds_count", ""] == 0
        async with asyncio.timeout(60):
            while not samples(written)["seconds_count", ""]:
                await asyncio.sleep(0.01)
        buffered.flush()
        assert samples(written) == samples(usual)
        buffered.observe(2)
        buffered.flush()
        assert samples(written)["seconds_count", ""] == len(amounts) + 1

    asyncio.run(scene())
