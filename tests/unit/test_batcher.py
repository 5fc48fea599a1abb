"""Micro-batching: order, growth, hung-up clients, failures."""

from __future__ import annotations

import asyncio

import pytest

from omnify.common.batcher import Batcher, EventBatchers


class Store:
    """Answers each item with its double, when it is let."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.open = asyncio.Event()
        self.broken = False

    async def call(self, items: list[int]) -> list[int]:
        self.calls.append(items)
        await self.open.wait()
        if self.broken:
            raise ConnectionError
        return [item * 2 for item in items]


async def until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0)


def test_what_arrives_during_a_call_goes_out_together_in_the_next() -> None:
    async def scene() -> None:
        store = Store()
        batcher: Batcher[int, int] = Batcher(store.call, limit=100)
        first = batcher.ask(1)
        await until(lambda: store.calls)
        rest = [batcher.ask(n) for n in (2, 3, 4)]
        store.open.set()
        assert await asyncio.gather(first, *rest) == [2, 4, 6, 8]
        assert store.calls == [[1], [2, 3, 4]]

    asyncio.run(scene())


def test_a_batch_is_never_larger_than_its_limit() -> None:
    async def scene() -> None:
        store = Store()
        store.open.set()
        batcher: Batcher[int, int] = Batcher(store.call, limit=3)
        assert await asyncio.gather(*[batcher.ask(n) for n in range(8)]) == [n * 2 for n in range(8)]
        assert [len(call) for call in store.calls] == [3, 3, 2]

    asyncio.run(scene())


def test_clients_that_hang_up_do_not_disturb_the_others_of_their_batch() -> None:
    async def scene() -> None:
        store = Store()
        batcher: Batcher[int, int] = Batcher(store.call, limit=1000)
        futures = [batcher.ask(n) for n in range(400)]
        await until(lambda: store.calls)
        for future in futures[::2]:
            future.cancel()
        late = batcher.ask(1000)
        store.open.set()
        assert await asyncio.gather(*futures[1::2], late) == [n * 2 for n in range(1, 400, 2)] + [2000]

    asyncio.run(scene())


def test_who_hangs_up_before_the_call_is_not_sent() -> None:
    async def scene() -> None:
        store = Store()
        batcher: Batcher[int, int] = Batcher(store.call, limit=100)
        first = batcher.ask(1)
        await until(lambda: store.calls)
        batcher.ask(2).cancel()
        third = batcher.ask(3)
        store.open.set()
        await asyncio.gather(first, third)
        assert store.calls == [[1], [3]]

    asyncio.run(scene())


def test_a_failed_call_fails_its_batch_and_no_other() -> None:
    async def scene() -> None:
        store = Store()
        store.broken = True
        batcher: Batcher[int, int] = Batcher(store.call, limit=2)
        futures = [batcher.ask(n) for n in range(2)]
        store.open.set()
        for future in futures:
            with pytest.raises(ConnectionError):
                await future
        store.broken = False
        assert await batcher.ask(5) == 10

    asyncio.run(scene())


def test_an_exception_among_the_results_fails_its_item_and_no_other() -> None:
    async def scene() -> None:
        async def call(items: list[int]) -> list[int | Exception]:
            return [KeyError(item) if item % 2 else item for item in items]

        batcher: Batcher[int, int] = Batcher(call, limit=100)
        found = await asyncio.gather(*[batcher.ask(n) for n in range(4)], return_exceptions=True)
        assert [found[0], found[2]] == [0, 2]
        assert [type(found[1]), type(found[3])] == [KeyError, KeyError]

    asyncio.run(scene())


def test_an_idle_events_batcher_is_forgotten() -> None:
    async def scene() -> None:
        async def call(event_id: int, items: list[int]) -> list[int]:
            return [event_id * item for item in items]

        batchers: EventBatchers[int, int] = EventBatchers(call)
        assert await asyncio.gather(batchers.ask(2, 3), batchers.ask(5, 7)) == [6, 35]
        await until(lambda: not batchers._batchers)

    asyncio.run(scene())
