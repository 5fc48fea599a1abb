"""A client that disconnects is noticed in the middle of anything, and nothing else is taken for that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from events.door.disconnect import ClientDisconnected, cancel_on_disconnect


def test_a_client_that_hangs_up_is_noticed_in_the_middle_of_anything() -> None:
    async def scene() -> None:
        gone = asyncio.Event()
        begun = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def held() -> None:
            async with cancel_on_disconnect(receive):
                begun.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(held())
        await begun.wait()
        gone.set()
        with pytest.raises(ClientDisconnected):
            await asyncio.wait_for(task, 100)

    asyncio.run(scene())


def test_a_cancellation_from_elsewhere_and_a_body_that_ends_are_left_alone() -> None:
    async def scene() -> None:
        async def receive() -> dict[str, Any]:
            result: dict[str, Any] = await asyncio.get_running_loop().create_future()
            return result

        async def held(seconds: float) -> str:
            async with cancel_on_disconnect(receive), asyncio.timeout(seconds):
                await asyncio.Event().wait()
            return "never"

        with pytest.raises(TimeoutError):
            await held(0.01)
        task = asyncio.ensure_future(held(60))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with cancel_on_disconnect(receive):
            done = "yes"
        assert done == "yes"
        assert len(asyncio.all_tasks()) <= 2
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scene())
