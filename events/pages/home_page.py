"""`/`: the public events that have not ended, the next first, found by name and place; and their calendars.

What is listed comes from the door's list, seats from `GET /events/{id}` of the events on the page. So the page needs no
database, and lists what cannot be read just now. It is the same for all who read it in the same language, and is kept
for some seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from events.domain.listed import Listed
from events.domain.public.event import Event
from events.domain.text import fold
from events.domain.times import from_ms, iso
from events.door.listing import FoundEvent
from events.pages import files, internal_client, messages, responses, view
from events.pages.cached_template import TemplateCache
from events.pages.calendar import site_of
from events.pages.calendar_feed import calendar_feed
from events.pages.page_language import PageLanguage, page_language
from events.pages.responses import PageResponse
from omnify.common.asgi_types import ASGIApp, Scope
from omnify.common.languages import Language

# Reads the public events; None while they are not known.
Listing = Callable[[], Awaitable[Sequence[FoundEvent] | None]]

ON_A_PAGE = 20
KEPT_SECONDS = 5.0
_MOST_KEPT = 256
_SEARCH_MAX = 100


class _Wanted(NamedTuple):
    """What a visitor asks for."""

    search: str
    number: int


class HomePage:
    """The list of public events, and calendars of them."""

    def __init__(
        self,
        *,
        app: ASGIApp,
        templates: TemplateCache,
        listing: Listing,
        public_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._templates = templates
        self._listing = listing
        self._public_url = public_url
        self._clock = clock
        self._kept: OrderedDict[Any, tuple[float, PageResponse]] = OrderedDict()
        self._making: dict[Any, asyncio.Task[PageResponse | None]] = {}

    async def read(self, scope: Scope) -> PageResponse | None:
        """Returns the page; None while the events are not known."""
        wanted, said = _wanted(scope.get("query_string", b"")), page_language(scope)

        async def make(found: Sequence[FoundEvent]) -> bytes:
            return await self._render(scope, found, wanted, said)

        made = await self._cached((wanted, said), lambda body: responses.public_page(body), make)
        return made and responses.unless_known(scope, made)

    async def calendar(self, scope: Scope, organizer_id: int | None) -> PageResponse | None:
        """Returns the calendar of an organizer's public events, or of all; None while the events are not known."""
        site = site_of(scope, public_url=self._public_url)

        async def make(found: Sequence[FoundEvent]) -> bytes:
            events = [one.event for one in found if organizer_id in (None, one.event.organizer_id)]
            return calendar_feed(self._current(events), site=site)

        made = await self._cached((organizer_id, site), responses.calendar_feed, make)
        return made and responses.unless_known(scope, made)

    async def _cached(
        self,
        key: Any,
        respond: Callable[[bytes], PageResponse],
        make: Callable[[Sequence[FoundEvent]], Awaitable[bytes]],
    ) -> PageResponse | None:
        """Returns what is kept; otherwise makes it, once for all who ask for it meanwhile."""
        until, kept = self._kept.get(key, (0.0, None))
        if kept is not None and self._clock() < until:
            return kept
        if key not in self._making:
            self._making[key] = asyncio.create_task(self._make(key, respond, make))
            self._making[key].add_done_callback(lambda _: self._making.pop(key))
        # A visitor who leaves takes it from no other.
        return await asyncio.shield(self._making[key])

    async def _make(
        self,
        key: Any,
        respond: Callable[[bytes], PageResponse],
        make: Callable[[Sequence[FoundEvent]], Awaitable[bytes]],
    ) -> PageResponse | None:
        found = await self._listing()
        if found is None:
            return None
        made = respond(await make(found))
        self._kept[key] = (self._clock() + KEPT_SECONDS, made)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return made

    def _current(self, events: Sequence[Listed]) -> list[Listed]:
        now_ms = self._clock() * 1000
        return [event for event in events if event.end_ms > now_ms]

    async def _render(self, scope: Scope, found: Sequence[FoundEvent], wanted: _Wanted, said: PageLanguage) -> bytes:
        words = fold(wanted.search).split()
        matching = self._current([one.event for one in found if all(word in one.searched for word in words)])
        pages = max(1, -(-len(matching) // ON_A_PAGE))
        number = min(wanted.number, pages)
        shown = matching[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
        cards = await asyncio.gather(*(self._card(scope, said.language, event) for event in shown))
        context = {
            "assets": files.base(),
            "search": wanted.search,
            "cards": [card for card in cards if card is not None],
            "number": number,
            "pages": pages,
            "asked": f"{_query(wanted.search, number)}&" if wanted.search or number > 1 else "",
            "previous": said.path(f"/?{_query(wanted.search, number - 1)}") if number > 1 else "",
            "next": said.path(f"/?{_query(wanted.search, number + 1)}") if number < pages else "",
        }
        return self._templates.render("pages/home.html", context, said).fill({})

    async def _card(self, scope: Scope, language: Language, found: Listed) -> dict[str, Any] | None:
        """Describes an event as anyone may see it; None: it is a draft by now, or deleted. While it cannot be read, all
        but its seats is known from the list."""
        path = internal_client.event_path(found.event_id)
        response = await internal_client.request(self._app, scope, "GET", path)
        event = view.decode_event(response.body).data if response.status == 200 else None
        gone = response.status == 404 or (event is not None and event.visibility != "public")
        return None if gone else _card(language, found, event)


def _wanted(query: bytes) -> _Wanted:
    fields = parse_qs(query.decode("latin-1"), max_num_fields=None, encoding="utf-8", errors="replace")
    search = " ".join(fields.get("search", [""])[0].split())[:_SEARCH_MAX]
    number = fields.get("page", ["1"])[0]
    return _Wanted(search, max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1)


def _query(search: str, number: int) -> str:
    return urlencode({**({"search": search} if search else {}), "page": number})


def _card(language: Language, found: Listed, event: Event | None) -> dict[str, Any]:
    state = event.registration_state if event else "cancelled" if found.cancelled else ""
    return {
        "listed": found,
        "start_time": iso(found.start_ms),
        "end_time": iso(found.end_ms),
        "when": view.when(language, from_ms(found.start_ms), from_ms(found.end_ms), found.timezone),
        "state": state,
        "state_text": language.gettext(messages.STATES[state]) if state in messages.STATES else "",
        "left": event.seats_left if event and state == "open" else 0,
    }
