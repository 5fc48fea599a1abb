"""`GET /events/{id}`: one event's public state, read once for all requests that arrive at the same time."""

from __future__ import annotations

from events.admission.gate import Gate
from events.domain.public.event import render_event
from events.door import responses
from events.door.loader import Loader
from events.door.loading_batchers import LoadingBatchers
from events.door.responses import Response


class EventReader:
    """Answers requests for events."""

    def __init__(self, *, gate: Gate, loader: Loader) -> None:
        self._gate = gate
        self._batchers = LoadingBatchers[None, Response](loader, self._read_once)

    async def read(self, event_id: int) -> Response:
        """Returns the response for one event. Raises QueueUnavailable, DatabaseUnavailable."""
        return await self._batchers.ask(event_id, None) or responses.event_not_found()

    async def _read_once(self, event_id: int, requests: list[None]) -> list[Response]:
        now_ms, snapshot = await self._gate.event(event_id)
        return [responses.ok(render_event(snapshot, now_ms=now_ms), public=True)] * len(requests)
