"""Carries flows out over httpx with asyncio. `blocking.py` is its twin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

import httpx

from omnify_client.flow import Action, Emit, Flow, Open, Read, Response, Send, Sleep
from omnify_client.wire import FAILURES, Wire, next_action, ours, response_of, unreachable

T = TypeVar("T")


class AsyncDriver(Wire):
    """Carries flows out with asyncio."""

    def __init__(self, client: httpx.AsyncClient, url: str, sent: Mapping[str, str]) -> None:
        super().__init__(url, sent)
        self._client = client

    async def run(self, flow: Flow[T]) -> T:
        """Returns what the flow returns."""
        result: list[T] = []
        async for _ in self._steps(flow, result.append):
            pass
        return result[0]

    async def iterate(self, flow: Flow[None]) -> AsyncIterator[Any]:
        """Returns the values of a flow one by one."""
        steps = self._steps(flow, lambda _: None)
        try:
            async for value in steps:
                yield value
        finally:
            await steps.aclose()

    async def _steps(self, flow: Flow[T], done: Callable[[T], object]) -> Any:
        wire, reply = _AsyncOpen(self, self._client), None
        try:
            while True:
                try:
                    action = next_action(flow, reply)
                except StopIteration as end:
                    done(end.value)
                    return
                if isinstance(action, Emit):
                    yield action.value
                    reply = None
                else:
                    reply = await wire.perform(action)
        finally:
            flow.close()
            await wire.close()


class _AsyncOpen:
    """One flow's requests, and the stream that it has open."""

    def __init__(self, wire: Wire, client: httpx.AsyncClient) -> None:
        self._wire, self._client = wire, client
        self._stream: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None

    async def perform(self, action: Action) -> Any:
        """Returns the reply to an action; Unreachable, not raised, where there is none."""
        mark = ours.set(True)
        try:
            if isinstance(action, Read):
                return await anext(self._pieces, None) if self._pieces is not None else None
            await self.close()
            if isinstance(action, Sleep):
                return await asyncio.sleep(max(0.0, action.seconds))
            if isinstance(action, Send | Open):
                return await self._send(action)
        except FAILURES as problem:
            return unreachable(problem)
        finally:
            ours.reset(mark)
        raise TypeError(action)

    async def _send(self, action: Send | Open) -> Response:
        request = self._wire.build(self._client, action.request, action.seconds)
        opened = isinstance(action, Open)
        response = await self._client.send(request, stream=opened, follow_redirects=False)
        if not opened:
            return response_of(response, response.content)
        self._stream = response
        if response.status_code != 200:
            return response_of(response, await response.aread())
        self._pieces = response.aiter_bytes()
        return response_of(response)

    async def close(self) -> None:
        """Ends what is open."""
        stream, self._stream, self._pieces = self._stream, None, None
        if stream is not None:
            await stream.aclose()
