"""How much Django does at once in a process: so much of each kind, and a short line in front of it.

Every request that Django answers takes a thread and, most of them, a database connection. Without a bound, anybody's
requests could use up the connections that the drain needs. Kinds that are slow or expensive are bounded by themselves,
so that each costs only its own: guessing passwords keeps others from signing in for a moment, and not from `/events`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

# In front of each kind. Who stands further back would have waited longer than clients do.
LINE = 64
PATIENCE_SECONDS = 5.0


class Kind(StrEnum):
    """What a request costs, by its method and path."""

    LIVE = "live"  # asks nothing; a process that is late with it is killed by whoever watches
    PROBE = "probe"  # asks all stores, and waits for one that hangs
    METRICS = "metrics"
    SIGN_IN = "sign_in"  # hashes a password, on purpose slowly
    EXPORT = "export"  # reads a whole event: exports and searches
    ORDER = "order"  # waits for the drain, or for the event's row that the drain holds
    ADMIN = "admin"
    OTHER = "other"


_SIGN_INS = ("/admin/login", "/console/login")


def kind_of(scope: Mapping[str, Any]) -> Kind:
    """The kind of an ASGI request."""
    method, path = scope["method"], str(scope["path"])
    if path == "/metrics":
        return Kind.METRICS
    if path.startswith("/health/"):
        return Kind.LIVE if path == "/health/live" else Kind.PROBE
    if method == "POST" and path.rstrip("/") in _SIGN_INS:
        return Kind.SIGN_IN
    if path.startswith("/admin"):
        return Kind.ADMIN
    if path.startswith("/events/"):
        if method == "PATCH" or (method == "POST" and path.endswith("/cancel")):
            return Kind.ORDER
        if path.endswith("/attendees") and _reads_everything(scope):
            return Kind.EXPORT
    return Kind.OTHER


def _reads_everything(scope: Mapping[str, Any]) -> bool:
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    # The file can be asked for by `Accept` too, and then as `text/*`.
    wants_text = any(name == b"accept" and b"text/" in value.lower() for name, value in scope.get("headers", ()))
    return wants_text or "search" in asked or "format" in asked


class Full(Exception):
    """Too many requests of one kind are under way, and waiting."""


@dataclass(slots=True)
class _Bulkhead:
    free: asyncio.Semaphore
    waiting: int = 0

    async def enter(self) -> None:
        if self.free.locked() and self.waiting >= LINE:
            raise Full
        self.waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.free.acquire()
        except TimeoutError as problem:
            raise Full from problem
        finally:
            self.waiting -= 1


class Place:
    """One request's place in its bulkhead; left once, however often `leave` is called."""

    def __init__(self, bulkhead: _Bulkhead) -> None:
        self._bulkhead = bulkhead
        self._taken = False

    async def take(self) -> None:
        """Waits for a place. Raises Full."""
        await self._bulkhead.enter()
        self._taken = True

    def leave(self) -> None:
        """Lets the next one in."""
        if self._taken:
            self._taken = False
            self._bulkhead.free.release()


class Bulkheads:
    """Those of one process. `at_once` requests of the ordinary kind; few of those that are slow."""

    def __init__(self, at_once: int) -> None:
        few = max(1, at_once // 4)
        sizes = {Kind.LIVE: 2, Kind.PROBE: 2, Kind.METRICS: 1, Kind.SIGN_IN: 1}
        sizes |= dict.fromkeys((Kind.EXPORT, Kind.ORDER, Kind.ADMIN), few)
        self._of = {kind: _Bulkhead(asyncio.Semaphore(sizes.get(kind, at_once))) for kind in Kind}

    def place(self, scope: Mapping[str, Any]) -> Place:
        """A place for this request, not yet taken."""
        return Place(self._of[kind_of(scope)])
