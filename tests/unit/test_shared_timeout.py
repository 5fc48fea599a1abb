"""Deadlines for many awaits with one timer."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from omnify.common.shared_timeout import SharedTimeout


def test_what_is_done_in_time_gives_its_result() -> None:
    async def scene() -> str:
        async def work() -> str:
            await asyncio.sleep(0)
            return "done"

        return await SharedTimeout(60).wait(work())

    assert asyncio.run(scene()) == "done"


def test_all_who_wait_too_long_are_told_and_may_go_on() -> None:
    async def scene() -> list[str]:
        timeout = SharedTimeout(0.05)

        async def one() -> str:
            with pytest.raises(TimeoutError):
                await timeout.wait(asyncio.Event().wait())
            await asyncio.sleep(0)  # the task itself is not cancelled
            return "told"

        first = [asyncio.create_task(one()) for _ in range(3)]
        await asyncio.sleep(0.02)
        later = [asyncio.create_task(one()) for _ in range(3)]
        told = await asyncio.gather(*first, *later)
        assert not timeout._due
        return told

    assert asyncio.run(asyncio.wait_for(scene(), 100)) == ["told"] * 6


def test_one_timer_after_the_other_serves_those_who_come_later() -> None:
    async def scene() -> None:
        timeout = SharedTimeout(0.02)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await timeout.wait(asyncio.Event().wait())

    asyncio.run(asyncio.wait_for(scene(), 100))


def test_a_cancellation_from_outside_stays_one() -> None:
    async def scene() -> None:
        timeout = SharedTimeout(60)
        task = asyncio.create_task(timeout.wait(asyncio.Event().wait()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not timeout._due

    asyncio.run(scene())


def test_a_failure_is_passed_on() -> None:
    async def scene() -> None:
        async def work() -> None:
            raise LookupError

        with pytest.raises(LookupError):
            await SharedTimeout(60).wait(work())

    asyncio.run(scene())


def test_a_cancellation_that_is_swallowed_is_repeated_before_as_much_time_has_passed_again() -> None:
    """`asyncio.wait_for` swallows one before Python 3.12 when a byte arrives in the same turn."""
    timeout = SharedTimeout(0.01)

    async def swallowing() -> None:
        timeout._seconds = 3600
        for _ in range(2):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    async def run() -> int:
        with pytest.raises(TimeoutError):
            await timeout.wait(swallowing())
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(asyncio.wait_for(run(), 60)) == 0
