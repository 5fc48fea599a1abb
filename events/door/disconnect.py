"""A client that hangs up while it is held, noticed at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class HungUp(Exception):
    """The client is gone: nobody is left to answer."""


class WhileConnected:
    """`async with WhileConnected(receive):` is left with HungUp as soon as the client is gone.

    Made like `asyncio.timeout`: the body's task is cancelled from outside, also in the middle of sending to a client
    that does not read, and the cancellation is turned into HungUp here.
    """

    __slots__ = ("_gone", "_listener", "_receive", "_task")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._listener = asyncio.get_running_loop().create_task(self._listen())

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.cancel()
        if self._gone and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise HungUp from None

    async def _listen(self) -> None:
        # A body, if anybody sends one here, is passed over.
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._task.cancel()
