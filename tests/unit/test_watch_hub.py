"""The hub's parts on a real event loop, with a reader whose answers the test decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from events.admission.errors import QueueUnavailable
from events.domain.states import Status
from events.door.event_watchers import SAFETY_TICKS, EventWatchers, Watch
from events.door.ticket_status import TicketStatus
from events.door.watch_hub import KEEP_ALIVE_TICKS, WatchHub


def queued(position: int) -> TicketStatus:
    return TicketStatus(Status.QUEUED, 0, position, 1000, position=position, estimated_seconds=0.1)


CONFIRMED = TicketStatus(Status.CONFIRMED, 1, 5, 1000, 2000)
CANCELLED = TicketStatus(Status.CANCELLED, 2, 5, 1000, 3000)


class Reader:
    """Answers from a table, counts calls, and may be out of order."""

    def __init__(self) -> None:
        self.table: dict[str, TicketStatus] = {}
        self.calls: list[list[str]] = []
        self.broken = False

    async def read(self, event_id: int, key: str) -> TicketStatus:
        return self.table[key]

    async def read_all(self, event_id: int, keys: Sequence[str]) -> dict[str, TicketStatus]:
        self.calls.append(list(keys))
        await asyncio.sleep(0)
        if self.broken:
            raise QueueUnavailable
        return {key: self.table[key] for key in keys if key in self.table}


class News:
    """Subscriptions that are confirmed at once."""

    def __init__(self) -> None:
        self.followed: list[int] = []
        self.left: list[int] = []

    async def subscribe(self, event_id: int) -> None:
        self.followed.append(event_id)

    async def unsubscribe(self, event_id: int) -> None:
        self.left.append(event_id)


class Gate:
    """Hands the hub its news, and keeps what the hub wants to be told with."""

    def __init__(self) -> None:
        self.subscriptions = News()

    def news(self, *, on_change: Callable[[int, list[str]], None], on_subscribed: Callable[[int], None]) -> Any:
        self.on_change, self.on_subscribed = on_change, on_subscribed
        return self.subscriptions


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0)


def make_watchers(reader: Reader, **watched: TicketStatus) -> tuple[EventWatchers, dict[str, Watch]]:
    watchers = EventWatchers(7, reader)  # type: ignore[arg-type]
    watchers._quiet_ticks = 0
    watches = {key: Watch(key, known) for key, known in watched.items()}
    for watch in watches.values():
        watchers.add(watch)
    return watchers, watches


def test_a_reading_from_before_a_known_decision_is_not_taken() -> None:
    watch = Watch("a", queued(5))
    watch.offer(CONFIRMED)
    watch.offer(queued(4))
    assert watch.latest == CONFIRMED
    watch.offer(CANCELLED)
    watch.offer(CONFIRMED)
    assert watch.latest == CANCELLED


def test_a_notification_from_before_the_wait_is_heard_once() -> None:
    async def scene() -> None:
        watch = Watch("a", queued(5))
        watch.notify()
        watch.notify()
        await asyncio.wait_for(watch.changed(), 100)
        waiting = asyncio.ensure_future(watch.changed())
        await asyncio.sleep(0)
        watch.offer(queued(5))
        await asyncio.sleep(0)
        assert not waiting.done()
        watch.offer(queued(4))
        await asyncio.wait_for(waiting, 100)

    asyncio.run(scene())


def test_only_what_changed_and_is_watched_is_read_at_once_and_in_batches() -> None:
    async def scene() -> None:
        reader = Reader()
        keys = [f"k{n}" for n in range(1200)]
        reader.table = dict.fromkeys([*keys, "other"], CONFIRMED)
        watchers, watches = make_watchers(reader, **dict.fromkeys(keys, queued(9)), other=queued(1))
        watchers.tickets_changed([*keys, "not watched"])
        await until(lambda: all(watches[key].latest == CONFIRMED for key in keys))
        assert [len(call) for call in reader.calls] == [500, 500, 200]
        assert watches["other"].latest == queued(1)

    asyncio.run(scene())


def test_places_are_read_at_the_next_two_ticks_after_news_and_then_rarely() -> None:
    async def scene() -> None:
        reader = Reader()
        reader.table = {"a": queued(3)}
        watchers, _ = make_watchers(reader, a=queued(3))

        async def calls_of_a_tick() -> int:
            before = len(reader.calls)
            watchers.tick()
            await until(lambda: watchers._reading is None)
            return len(reader.calls) - before

        watchers.tickets_changed([])
        assert [await calls_of_a_tick() for _ in range(4)] == [1, 1, 0, 0]
        assert sum([await calls_of_a_tick() for _ in range(3 * SAFETY_TICKS)]) == 3

    asyncio.run(scene())


def test_what_could_not_be_read_is_read_at_a_later_tick() -> None:
    async def scene() -> None:
        reader = Reader()
        watchers, watches = make_watchers(reader, a=queued(3), b=queued(4))
        reader.table, reader.broken = {"a": CONFIRMED}, True
        watchers.tickets_changed(["a", "b"])
        await until(lambda: watchers._reading is None)
        reader.broken = False
        watchers.tick()
        await until(lambda: watches["a"].latest == CONFIRMED)
        # The ledger was away for this one.
        reader.table["b"] = CANCELLED
        watchers._ticks_to_read_all = 0
        watchers.tick()
        await until(lambda: watches["b"].latest == CANCELLED)

    asyncio.run(scene())


def test_a_ticket_without_a_watcher_is_read_no_more() -> None:
    async def scene() -> None:
        reader = Reader()
        reader.broken = True
        watchers, watches = make_watchers(reader, a=queued(3), b=queued(4))
        watchers.tickets_changed(["a", "b"])
        await until(lambda: watchers._reading is None)
        watchers.remove(watches["a"])
        reader.broken = False
        watchers._ticks_to_read_all = 0
        watchers.tick()
        await until(lambda: len(reader.calls) == 2)
        assert reader.calls[-1] == ["b"]
        watchers.remove(watches["b"])
        assert watchers.empty

    asyncio.run(scene())


def test_every_watcher_is_notified_once_in_a_round_of_keep_alives_and_events_are_left_after_the_last() -> None:
    async def scene() -> None:
        gate, reader = Gate(), Reader()
        hub = WatchHub(gate=gate, reader=reader)  # type: ignore[arg-type]
        reader.table = {"a": queued(1)}
        with hub.watch(7, "a", queued(1), kind="stream") as watch:
            await hub.subscribe(7, watch)
            assert gate.subscriptions.followed == [7]
            notified = 0
            for _ in range(2 * KEEP_ALIVE_TICKS):
                await hub._tick()
                notified += watch._notified
                watch._notified = False
            assert notified == 2
            assert hub.watchers == 1
        assert hub.watchers == 0
        assert gate.subscriptions.left == []
        await hub._tick()
        assert gate.subscriptions.left == [7]
        assert hub._events == {}
        clock = hub._clock
        assert clock is not None
        clock.cancel()

    asyncio.run(scene())


def test_a_change_between_the_first_reading_and_the_subscription_is_found() -> None:
    async def scene() -> None:
        gate, reader = Gate(), Reader()
        hub = WatchHub(gate=gate, reader=reader)  # type: ignore[arg-type]
        reader.table = {"a": CONFIRMED}
        with hub.watch(7, "a", queued(1), kind="poll") as watch:
            await hub.subscribe(7, watch)
            assert watch.latest == CONFIRMED
            reader.table = {"a": CANCELLED}
            gate.on_subscribed(7)
            await until(lambda: watch.latest == CANCELLED)

    asyncio.run(scene())
