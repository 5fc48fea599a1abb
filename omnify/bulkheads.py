"""Bounds how many requests of each kind Django handles at once in a process, with a short queue for each kind.

Every request that Django handles takes a thread, and most take a database connection. Without a bound, any client's
requests could use up the connections that the drain needs. Kinds that are slow or expensive have bounds of their own,
so each slows down only itself: guessing passwords delays other sign-ins for a moment, but not `/events`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

# Requests that may wait, of each kind. One further back would wait longer than clients do.
MAX_WAITING = 64
WAIT_SECONDS = 5.0


class Kind(StrEnum):
    """What a request costs, by its method and path."""

    LIVE = "live"  # needs no store; a process that is slow to answer it gets killed
    PROBE = "probe"  # queries all stores, and waits for one that hangs
    METRICS = "metrics"
    SIGN_IN = "sign_in"  # hashes a password, on purpose slowly
    EXPORT = "export"  # reads a whole event: exports and searches
    COMMAND = "command"  # waits for the drain, or for the event's row while the drain locks it
    PROOF = "proof"  # reads a decision log, of which a reader may want all
    ADMIN = "admin"
    OTHER = "other"


_COMMANDS = ("/cancel", "/pause", "/resume")
_SIGN_INS = ("/admin/login", "/console/login")


def kind_of(scope: Mapping[str, Any]) -> Kind:
    """Tells the kind of an ASGI request."""
    method, path = scope["method"], str(scope["path"])
    if path == "/metrics":
        return Kind.METRICS
    if path.startswith("/health/"):
        return Kind.LIVE if path == "/health/live" else Kind.PROBE
    if method == "POST" and path.rstrip("/") in _SIGN_INS:
        return Kind.SIGN_IN
    if path.startswith("/admin"):
        return Kind.ADMIN
    if "/log/" in path or path.endswith("/proof"):
        return Kind.PROOF
    if path.startswith("/events/"):
        if _is_command(method, path):
            return Kind.COMMAND
        if path.endswith("/attendees") and _reads_whole_event(scope):
            return Kind.EXPORT
    return Kind.OTHER


def _is_command(method: str, path: str) -> bool:
    if method == "DELETE":
        return path.count("/") == 2
    return method == "PATCH" or (method == "POST" and path.endswith(_COMMANDS))


def _reads_whole_event(scope: Mapping[str, Any]) -> bool:
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    # CSV can also be requested by `Accept`, as `text/csv` or `text/*`.
    wants_text = any(name == b"accept" and b"text/" in value.lower() for name, value in scope.get("headers", ()))
    return wants_text or "search" in asked or "format" in asked


class BulkheadFull(Exception):
    """Too many requests of one kind are running and waiting."""


@dataclass(slots=True)
class _Bulkhead:
    free: asyncio.Semaphore
    waiting: int = 0

    async def acquire(self) -> None:
        if self.free.locked() and self.waiting >= MAX_WAITING:
            raise BulkheadFull
        self.waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self.free.acquire()
        except TimeoutError as problem:
            raise BulkheadFull from problem
        finally:
            self.waiting -= 1


class Permit:
    """One request's permit to run. `release` may be called more than once."""

    def __init__(self, bulkhead: _Bulkhead) -> None:
        self._bulkhead = bulkhead
        self._held = False

    async def acquire(self) -> None:
        """Waits up to `WAIT_SECONDS` for the permit. Raises BulkheadFull."""
        await self._bulkhead.acquire()
        self._held = True

    def release(self) -> None:
        """Lets the next request run."""
        if self._held:
            self._held = False
            self._bulkhead.free.release()


class Bulkheads:
    """The bulkheads of one process: `max_concurrent` ordinary requests, and a few of each slow kind."""

    def __init__(self, max_concurrent: int) -> None:
        few = max(1, max_concurrent // 4)
        sizes = {Kind.LIVE: 2, Kind.PROBE: 2, Kind.METRICS: 1, Kind.SIGN_IN: 1}
        sizes |= dict.fromkeys((Kind.EXPORT, Kind.COMMAND, Kind.PROOF, Kind.ADMIN), few)
        self._by_kind = {kind: _Bulkhead(asyncio.Semaphore(sizes.get(kind, max_concurrent))) for kind in Kind}

    def permit(self, scope: Mapping[str, Any]) -> Permit:
        """Returns a permit for this request, not yet acquired."""
        return Permit(self._by_kind[kind_of(scope)])
