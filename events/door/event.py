"""`GET /events/{id}`: one event's public state, read once for all requests that arrive at the same time."""

from __future__ import annotations

from contextlib import suppress

from msgspec import Struct

from events.admission.gate import Gate
from events.domain.public.event import render_event
from events.domain.snapshot import EventSnapshot
from events.domain.states import Visibility
from events.door import responses
from events.door.loader import DatabaseUnavailable, Loader
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
        self._loader = loader
        self._batchers = LoadingBatchers[None, Response | Draft](loader, self._read_once)

    async def read(self, event_id: int) -> Response | Draft:
        """Returns the response for one event, or that it is a draft. Raises QueueUnavailable, DatabaseUnavailable."""
        return await self._batchers.ask(event_id, None) or responses.event_not_found()

    async def _read_once(self, event_id: int, requests: list[None]) -> list[Response | Draft]:
        now_ms, snapshot, description = await self._gate.described_event(event_id)
        if description is None:
            now_ms, snapshot, description = await self._with_description(event_id)
        event = render_event(snapshot, now_ms=now_ms, description=description or "")
        draft = snapshot.visibility is Visibility.DRAFT
        shown = responses.ok(event, public=not draft)
        return [Draft(shown) if draft else shown] * len(requests)

    async def _with_description(self, event_id: int) -> tuple[int, EventSnapshot, str | None]:
        """Reads the event again, with the description from the ledger; without it while the ledger is out of reach."""
        with suppress(DatabaseUnavailable):
            await self._loader.load_event(event_id)
        return await self._gate.described_event(event_id)
