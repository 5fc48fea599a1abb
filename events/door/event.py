"""`GET /events/{id}`: one event's public state, read once for all who ask at the same time."""

from __future__ import annotations

from events.admission.gate import EventNotLoaded, Gate
from events.domain.public.event import render_event
from events.door import responses
from events.door.loader import Loader
from events.door.responses import Response
from omnify.common.batcher import EventBatchers
from omnify.common.envelope import Code


class EventReader:
    """Answers questions about events."""

    def __init__(self, *, gate: Gate, loader: Loader) -> None:
        self._gate = gate
        self._loader = loader
        self._batchers = EventBatchers[None, Response](self._call)

    async def read(self, event_id: int) -> Response:
        """The answer for one event. Raises QueueUnavailable, DatabaseUnavailable."""
        try:
            return await self._batchers.ask(event_id, None)
        except EventNotLoaded:
            if await self._loader.load_event(event_id):
                return await self._batchers.ask(event_id, None)
            return responses.refuse(404, Code.EVENT_NOT_FOUND, "There is no such event.")

    async def _call(self, event_id: int, waiting: list[None]) -> list[Response]:
        now_ms, snapshot = await self._gate.event(event_id)
        return [responses.ok(render_event(snapshot, now_ms=now_ms), public=True)] * len(waiting)
