"""Carries flows out over httpx: blocking, or with asyncio. The only module that touches the network."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from omnify_client.flow import Action, Emit, Flow, Open, Read, Request, Response, Send, Sleep, Unreachable

T = TypeVar("T")

_ours: contextvars.ContextVar[bool] = contextvars.ContextVar("omnify_client", default=False)


def _not_ours(record: logging.LogRecord) -> bool:
    """Keeps out what httpx would log of our requests: a path has the ticket's id, and a 202's headers too."""
    return not _ours.get()


for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks"):
    logging.getLogger(_name).addFilter(_not_ours)


def base_url(url: str) -> str:
    """Checks the service's address, and returns it without a slash at its end. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("the service's URL is one like https://tickets.example.org")
    return url.rstrip("/")


def headers(token: str | None) -> dict[str, str]:
    """Returns what every request carries."""
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError("an organizer's token has no spaces and no special characters")
    sent = {"User-Agent": f"omnify-client-python/{_version()}", "Accept": "application/json"}
    return sent | ({"Authorization": f"Bearer {token}"} if token else {})


def _version() -> str:
    try:
        return version("omnify-client")
    except PackageNotFoundError:  # from a checkout
        return "0"


class _Wire:
    """What both drivers do alike."""

    def __init__(self, url: str, sent: Mapping[str, str]) -> None:
        self._url = url
        self._headers = dict(sent)

    def build(self, client: httpx.Client | httpx.AsyncClient, request: Request, seconds: float) -> httpx.Request:
        """Makes httpx's request."""
        return client.build_request(
            request.method,
            self._url + request.path,
            params=dict(request.params) or None,
            headers={**self._headers, **request.headers},
            content=request.body,
            timeout=httpx.Timeout(seconds, connect=min(seconds, 10.0)),
        )


def _response(response: httpx.Response, body: bytes = b"") -> Response:
    return Response(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def _unreachable(problem: Exception) -> Unreachable:
    # Only the kind: its text and its request may name the ticket.
    return Unreachable(type(problem).__name__)


def _next(flow: Flow[T], reply: Any) -> Action:
    return flow.throw(reply) if isinstance(reply, Unreachable) else flow.send(reply)


_FAILURES = (httpx.TransportError, httpx.DecodingError, httpx.StreamError)


class Driver(_Wire):
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
                    action = _next(flow, reply)
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

    def __init__(self, wire: _Wire, client: httpx.Client) -> None:
        self._wire, self._client = wire, client
        self._stream: httpx.Response | None = None
        self._pieces: Iterator[bytes] = iter(())

    def perform(self, action: Action) -> Any:
        """Returns the reply to an action; Unreachable, not raised, where there is none."""
        mark = _ours.set(True)
        try:
            if isinstance(action, Read):
                return next(self._pieces, None)
            self.close()
            if isinstance(action, Sleep):
                return time.sleep(max(0.0, action.seconds))
            if isinstance(action, Send | Open):
                return self._send(action)
        except _FAILURES as problem:
            return _unreachable(problem)
        finally:
            _ours.reset(mark)
        raise TypeError(action)

    def _send(self, action: Send | Open) -> Response:
        request = self._wire.build(self._client, action.request, action.seconds)
        opened = isinstance(action, Open)
        response = self._client.send(request, stream=opened, follow_redirects=False)
        if not opened:
            return _response(response, response.content)
        self._stream = response
        if response.status_code != 200:
            return _response(response, response.read())
        self._pieces = response.iter_bytes()
        return _response(response)

    def close(self) -> None:
        """Ends what is open."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class AsyncDriver(_Wire):
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
                    action = _next(flow, reply)
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

    def __init__(self, wire: _Wire, client: httpx.AsyncClient) -> None:
        self._wire, self._client = wire, client
        self._stream: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None

    async def perform(self, action: Action) -> Any:
        """Returns the reply to an action; Unreachable, not raised, where there is none."""
        mark = _ours.set(True)
        try:
            if isinstance(action, Read):
                return await anext(self._pieces, None) if self._pieces is not None else None
            await self.close()
            if isinstance(action, Sleep):
                return await asyncio.sleep(max(0.0, action.seconds))
            if isinstance(action, Send | Open):
                return await self._send(action)
        except _FAILURES as problem:
            return _unreachable(problem)
        finally:
            _ours.reset(mark)
        raise TypeError(action)

    async def _send(self, action: Send | Open) -> Response:
        request = self._wire.build(self._client, action.request, action.seconds)
        opened = isinstance(action, Open)
        response = await self._client.send(request, stream=opened, follow_redirects=False)
        if not opened:
            return _response(response, response.content)
        self._stream = response
        if response.status_code != 200:
            return _response(response, await response.aread())
        self._pieces = response.aiter_bytes()
        return _response(response)

    async def close(self) -> None:
        """Ends what is open."""
        stream, self._stream, self._pieces = self._stream, None, None
        if stream is not None:
            await stream.aclose()
