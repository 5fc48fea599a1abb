"""`GET /events/{id}`: one event's public state, read once for all requests that arrive at the same time."""

from __future__ import annotations

from msgspec import Struct

from events.admission.gate import Gate
from events.domain.public.event import render_event
from events.domain.states import Visibility
from events.door import responses
from events.door.loader import Loader
from events.door.loading_batchers import LoadingBatchers
from events.door.responses import Response

# Set in the scope of a request that the service sends to itself, for one who may see the event though it is a draft.
SHOWS_DRAFTS = "omnify.shows_drafts"


class Draft(Struct, frozen=True, gc=False):
    """An event that only its organizer may see, and those who have a ticket: `shown` is what they see."""

    shown: Response


class EventReader:
    """Answers requests for events."""

    def __init__(self, *, gate: Gate, loader: Loader) -> None:
        self._gate = gate
        self._batchers = LoadingBatchers[None, Response | Draft](loader, self._read_once)

    async def read(self, event_id: int) -> Response | Draft:
        """Returns the response for one event, or that it is a draft. Raises QueueUnavailable, DatabaseUnavailable."""
        return await self._batchers.ask(event_id, None) or responses.event_not_found()

    async def _read_once(self, event_id: int, requests: list[None]) -> list[Response | Draft]:
        now_ms, snapshot = await self._gate.event(event_id)
        event, draft = render_event(snapshot, now_ms=now_ms), snapshot.visibility is Visibility.DRAFT
        shown = responses.ok(event, public=not draft)
        return [Draft(shown) if draft else shown] * len(requests)
