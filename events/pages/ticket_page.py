"""`/t/{ticket_id}`: where a ticket stands, its QR code and calendar entry once it has a seat, the way to give it back.

Every status is rendered here and nowhere else: the script only moves the numbers of the line, and fetches this page
again when the status changes. The address is the key to the ticket, so the form that cancels needs no CSRF token:
nobody who does not hold the key can name the address.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import segno

from events.domain.tickets import TicketId
from events.pages import answers, files, internal_client, messages, view
from events.pages.answers import Page
from events.pages.cached_template import Sheet, Sheets
from events.pages.calendar import calendar_entry, site_of
from events.pages.internal_client import Application, Reply, Scope
from events.pages.view import Event, Ticket

RETRY_SECONDS = 5
# A cancellation takes its turn in the event's queue: so often does a page without a script look whether it is done.
CANCELLING_SECONDS = 2
# Which of the eight masks is best is seven eighths of a QR code's cost, and any of them is read as well as another.
_MASK = 2
_ENDS = ("rejected", "cancelled", "lost")


class TicketPage:
    """A ticket's page and what belongs to it."""

    def __init__(
        self, *, app: Application, sheets: Sheets, public_url: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self._public_url = public_url
        self._app = app
        self._sheets = sheets
        self._clock = clock

    async def read(self, scope: Scope, ticket_id: TicketId) -> Page | Reply:
        """The page; or the service's reply, if it is not a success."""
        found = await self._find(scope, ticket_id)
        if isinstance(found, Reply):
            return found
        ticket, event, retry_seconds = found
        cancelling = b"cancelling" in scope.get("query_string", b"") and ticket.status not in _ENDS
        over = event.end_time.timestamp() <= self._clock()
        key = (ticket.status, ticket.reason, cancelling, over, event.face)
        sheet = self._sheets.kept(key, lambda: self._render(ticket, event, cancelling, over))
        retry = CANCELLING_SECONDS if cancelling else retry_seconds
        return answers.page(sheet.fill(self._slots(ticket, retry or RETRY_SECONDS)), secret=True, retry_seconds=retry)

    async def calendar(self, scope: Scope, ticket_id: TicketId) -> Page | Reply:
        """The ticket as a calendar entry; added again, it brings the first one up to date."""
        found = await self._find(scope, ticket_id)
        if isinstance(found, Reply):
            return found
        ticket, event, _ = found
        site = site_of(public_url=self._public_url, scheme=scope.get("scheme", "http"), host=_host(scope))
        now = datetime.fromtimestamp(self._clock(), UTC)
        entry, method = calendar_entry(ticket, event, site=site, now=now)
        return answers.document(entry, f"text/calendar; charset=utf-8; method={method}", name="event.ics")

    async def cancel(self, scope: Scope, ticket_id: TicketId) -> Page | Reply:
        """Gives the seat, or the place in line, back."""
        reply = await internal_client.ask(self._app, scope, "DELETE", internal_client.ticket_path(ticket_id))
        if reply.status >= 300:
            return reply
        return answers.see_other(f"/t/{ticket_id}?cancelling=1")

    async def _find(self, scope: Scope, ticket_id: TicketId) -> tuple[Ticket, Event, int | None] | Reply:
        status = await internal_client.ask(self._app, scope, "GET", internal_client.ticket_path(ticket_id))
        if status.status != 200:
            return status
        ticket = view.decode_ticket(status.body).data
        event = await internal_client.ask(self._app, scope, "GET", internal_client.event_path(ticket.event_id))
        if event.status != 200:
            return event
        return ticket, view.decode_event(event.body).data, status.retry_seconds

    def _render(self, ticket: Ticket, event: Event, cancelling: bool, over: bool) -> Sheet:
        return self._sheets.render("pages/ticket.html", {**_context(ticket, event, cancelling), "over": over})

    def _slots(self, ticket: Ticket, retry_seconds: int) -> dict[str, str]:
        position = ticket.position or 0
        return {
            "ticket": ticket.ticket_id,
            "position": str(position),
            "place": f"{position:,}" if position else "…",
            "wait": view.wait_words(ticket.estimated_seconds or 0),
            "retry": str(retry_seconds),
            "reference": ticket.reference,
            "qr": qr_code(ticket.check_in_code) if ticket.check_in_code else "",
        }


def _context(ticket: Ticket, event: Event, cancelling: bool) -> dict[str, Any]:
    return {
        "assets": files.base(),
        "status": ticket.status,
        "reason": _why(ticket),
        "called_off": ticket.reason == "event_cancelled",
        "cancelling": cancelling,
        "ended": ticket.status in _ENDS,
        "event": event,
        "when": view.when(event.start_time, event.end_time),
    }


def _why(ticket: Ticket) -> str:
    """Why a ticket has no seat."""
    if ticket.status == "cancelled":
        return messages.CANCELLATIONS.get(ticket.reason or "", messages.CANCELLED)
    return messages.REASONS.get(ticket.reason or "", "")


@lru_cache(maxsize=2048)
def qr_code(check_in_code: str) -> str:
    """The code as an inline SVG without a style of its own. Whoever takes a picture of it cannot open the ticket."""
    code = segno.make(check_in_code, micro=False, error="m", boost_error=False, mask=_MASK)
    return code.svg_inline(border=2, omitsize=True, lineclass=None, svgclass="qr", title="QR code of your ticket")


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "localhost")
