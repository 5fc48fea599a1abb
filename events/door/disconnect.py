"""Cancels the work for a client as soon as that client disconnects."""

from __future__ import annotations

import asyncio
from types import TracebackType

from omnify.common.asgi_types import Receive


class ClientDisconnected(Exception):
    """The client closed the connection before it was answered."""


def cancel_on_disconnect(receive: Receive) -> CancelOnDisconnect:
    """Cancels the body of `async with cancel_on_disconnect(receive):` and raises ClientDisconnected when the client
    disconnects."""
    return CancelOnDisconnect(receive)


class CancelOnDisconnect:
    """The context manager, made like `asyncio.timeout`.

    The body's task is cancelled from outside, even while it sends to a client that does not read. `__aexit__` turns
    that cancellation into ClientDisconnected.
    """

    __slots__ = ("_disconnected", "_listener", "_receive", "_task")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._disconnected = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._listener = asyncio.get_running_loop().create_task(self._listen())

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.cancel()
        if self._disconnected and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise ClientDisconnected from None

    async def _listen(self) -> None:
        # These routes take no body: messages that carry one are ignored.
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._disconnected = True
        self._task.cancel()
