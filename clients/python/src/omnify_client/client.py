"""The clients: `Omnify`, which blocks, and `AsyncOmnify`, whose methods are awaited or iterated with `async for`.

Both have the same methods, which `guest_calls.py` and `organizer_calls.py` document. A client keeps its connections,
and may be used by several threads or tasks; close it, or use it in a `with` block.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import httpx

from omnify_client import guest_calls, organizer_calls
from omnify_client.blocking import Driver
from omnify_client.flow import Flow, Policy
from omnify_client.models import Attendee, Event, LogEntry, Subscription, Ticket
from omnify_client.wire import base_url, headers
from omnify_client.with_asyncio import AsyncDriver

P = ParamSpec("P")
T = TypeVar("T")


class _Call(Generic[P, T]):
    """A call as a method: `T` of `Omnify`, an awaitable of it of `AsyncOmnify`."""

    def __init__(self, function: Callable[Concatenate[Policy, P], Flow[T]]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, client: Omnify, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncOmnify, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Policy, P], Flow[T]]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        """Binds it to a client."""
        if client is None:
            return self.function
        return lambda *args, **named: client._driver.run(self.function(client._policy, *args, **named))


class _Iteration(Generic[P, T]):
    """The same for what is iterated over."""

    def __init__(self, function: Callable[Concatenate[Policy, P], Flow[None]], kind: type[T]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, client: Omnify, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: AsyncOmnify, owner: type) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Policy, P], Flow[None]]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        """Binds it to a client."""
        if client is None:
            return self.function
        return lambda *args, **named: client._driver.iterate(self.function(client._policy, *args, **named))


class _Calls:
    """All methods of both clients."""

    register = _Call(guest_calls.register)
    ticket = _Call(guest_calls.ticket)
    wait = _Call(guest_calls.wait)
    follow = _Iteration(guest_calls.follow, Ticket)
    cancel = _Call(guest_calls.cancel)
    confirm = _Call(guest_calls.confirm)
    resend = _Call(guest_calls.resend)
    proof = _Call(guest_calls.proof)
    events = _Iteration(guest_calls.events, Event)
    event = _Call(guest_calls.event)

    create_event = _Call(organizer_calls.create_event)
    update_event = _Call(organizer_calls.update_event)
    cancel_event = _Call(organizer_calls.cancel_event)
    attendees = _Iteration(organizer_calls.attendees, Attendee)
    stats = _Call(organizer_calls.stats)
    create_webhook = _Call(organizer_calls.create_webhook)
    webhooks = _Iteration(organizer_calls.webhooks, Subscription)
    rotate_webhook_secret = _Call(organizer_calls.rotate_webhook_secret)
    delete_webhook = _Call(organizer_calls.delete_webhook)
    log = _Iteration(organizer_calls.log, LogEntry)

    def __init__(self, url: str, policy: Policy) -> None:
        self._url = base_url(url)
        self._policy = policy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"


class Omnify(_Calls):
    """A client of the service at `url`. `token` is an organizer's; guests need none.

    Args:
        timeout: seconds until each response.
        retry_seconds: for how long a call is tried again; 0: not at all.
        http_client: an httpx client of your own (a proxy, certificates); it is closed by you.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout: float = 30.0,
        retry_seconds: float = 60.0,
        http_client: httpx.Client | None = None,
    ) -> None:
        super().__init__(url, Policy(timeout=timeout, retry_seconds=retry_seconds))
        self._own = None if http_client else httpx.Client()
        self._driver = Driver(http_client or self._own or httpx.Client(), self._url, headers(token))

    def close(self) -> None:
        """Closes the connections."""
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncOmnify(_Calls):
    """The same for asyncio; `http_client` is an httpx.AsyncClient."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout: float = 30.0,
        retry_seconds: float = 60.0,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(url, Policy(timeout=timeout, retry_seconds=retry_seconds))
        self._own = None if http_client else httpx.AsyncClient()
        self._driver = AsyncDriver(http_client or self._own or httpx.AsyncClient(), self._url, headers(token))

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._own is not None:
            await self._own.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
