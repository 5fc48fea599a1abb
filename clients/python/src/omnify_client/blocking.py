"""Carries flows out over httpx, and blocks meanwhile. `with_asyncio.py` is its twin."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any, TypeVar

import httpx

from omnify_client.flow import Action, Emit, Flow, Open, Read, Response, Send, Sleep
from omnify_client.wire import FAILURES, Wire, next_action, ours, response_of, unreachable

T = TypeVar("T")


class Driver(Wire):
    """Carries flows out, and blocks meanwhile."""

    def __init__(self, client: httpx.Client, url: str, sent: Mapping[str, str]) -> None:
        super().__init__(url, sent)
        self._client = client

    def run(self, flow: Flow[T]) -> T:
        """Returns what the flow returns."""
        steps = self._steps(flow)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result

    def iterate(self, flow: Flow[None]) -> Iterator[Any]:
        """Returns the values of a flow one by one."""
        yield from self._steps(flow)

    def _steps(self, flow: Flow[T]) -> Generator[Any, None, T]:
        wire, reply = _Open(self, self._client), None
        try:
            while True:
                try:
                    action = next_action(flow, reply)
                except StopIteration as end:
                    result: T = end.value
                    return result
                if isinstance(action, Emit):
                    yield action.value
                    reply = None
                else:
                    reply = wire.perform(action)
        finally:
            flow.close()
            wire.close()


class _Open:
    """One flow's requests, and the stream that it has open."""

    def __init__(self, wire: Wire, client: httpx.Client) -> None:
        self._wire, self._client = wire, client
        self._stream: httpx.Response | None = None
        self._pieces: Iterator[bytes] = iter(())

    def perform(self, action: Action) -> Any:
        """Returns the reply to an action; Unreachable, not raised, where there is none."""
        mark = ours.set(True)
        try:
            if isinstance(action, Read):
                return next(self._pieces, None)
            self.close()
            if isinstance(action, Sleep):
                return time.sleep(max(0.0, action.seconds))
            if isinstance(action, Send | Open):
                return self._send(action)
        except FAILURES as problem:
            return unreachable(problem)
        finally:
            ours.reset(mark)
        raise TypeError(action)

    def _send(self, action: Send | Open) -> Response:
        request = self._wire.build(self._client, action.request, action.seconds)
        opened = isinstance(action, Open)
        response = self._client.send(request, stream=opened, follow_redirects=False)
        if not opened:
            return response_of(response, response.content)
        self._stream = response
        if response.status_code != 200:
            return response_of(response, response.read())
        self._pieces = response.iter_bytes()
        return response_of(response)

    def close(self) -> None:
        """Ends what is open."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
