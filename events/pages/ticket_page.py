"""`/t/{ticket_id}`: a ticket's status, its QR code and calendar entry once it has a seat, and the forms to cancel
it and to take a seat that is offered.

Every status is rendered here and nowhere else: the script only updates the position and the time left, and fetches this
page again when the status changes. The address is the key to the ticket, so its forms need no CSRF token: without the
key a request cannot name the address.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import segno

from events.domain.holds import ConfirmedBy
from events.domain.public.event import Event
from events.domain.public.ticket import Ticket
from events.domain.tickets import TicketId
from events.domain.times import from_iso
from events.pages import files, internal_client, messages, responses, view
from events.pages.cached_template import CachedTemplate, TemplateCache
from events.pages.calendar import calendar_entry, site_of
from events.pages.internal_client import ServiceResponse
from events.pages.page_language import PageLanguage, page_language
from events.pages.responses import PageResponse
from omnify.common.asgi_types import ASGIApp, Scope
from omnify.common.languages import Language

RETRY_SECONDS = 5
# Cancelling and taking a seat take their turn in the event's queue. Until that is done a page without a script reloads
# this often.
PENDING_SECONDS = 2
# What the address says of an action whose turn has not come.
CANCELLING, CONFIRMING, WRONG = "cancelling", "confirming", "wrong"
_FIELDS = 20
# Choosing the best of eight masks takes seven eighths of the time, and scanners read any of them equally well.
_MASK = 2
_ENDS = ("rejected", "expired", "cancelled", "lost")


class TicketPage:
    """A ticket's page and calendar entry, its cancellation, and taking a seat that is offered."""

    def __init__(
        self, *, app: ASGIApp, templates: TemplateCache, public_url: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self._public_url = public_url
        self._app = app
        self._templates = templates
        self._clock = clock

    async def read(self, scope: Scope, ticket_id: TicketId) -> PageResponse | ServiceResponse:
        """Returns the page, or the service's response if it is not a success."""
        found = await self._find(scope, ticket_id)
        if isinstance(found, ServiceResponse):
            return found
        ticket, event, retry_seconds = found
        now, said = self._clock(), page_language(scope)
        over = from_iso(event.end_time).timestamp() <= now
        final = ticket.status == "confirmed" and from_iso(event.cancel_until).timestamp() <= now
        wrong = _is_unproved(ticket) and f"{WRONG}=1".encode() in scope.get("query_string", b"")
        moment = {"pending": _pending(scope, ticket), "over": over, "final": final, "wrong": wrong}
        key = (said, ticket.status, ticket.reason, *moment.values(), _details(ticket, event))
        template = self._templates.get(key, lambda: self._render(ticket, event, moment, said))
        retry = PENDING_SECONDS if moment["pending"] else retry_seconds
        slots = self._slots(said.language, ticket, event, retry or RETRY_SECONDS, now)
        return responses.page(template.fill(slots), secret=True, retry_seconds=retry, now_ms=slots["now"])

    async def calendar(self, scope: Scope, ticket_id: TicketId) -> PageResponse | ServiceResponse:
        """Returns the ticket as a calendar entry. Importing a later one updates the first."""
        found = await self._find(scope, ticket_id)
        if isinstance(found, ServiceResponse):
            return found
        ticket, event, _ = found
        site = site_of(scope, public_url=self._public_url)
        now = datetime.fromtimestamp(self._clock(), UTC)
        entry, method = calendar_entry(ticket, event, site=site, now=now, language=page_language(scope).language)
        return responses.document(entry, f"text/calendar; charset=utf-8; method={method}", name="event.ics")

    async def cancel(self, scope: Scope, ticket_id: TicketId) -> PageResponse | ServiceResponse:
        """Cancels the ticket and redirects to its page."""
        response = await internal_client.request(self._app, scope, "DELETE", internal_client.ticket_path(ticket_id))
        if response.status >= 300:
            return response
        return responses.see_other(page_language(scope).path(f"/t/{ticket_id}?{CANCELLING}=1"))

    async def confirm(self, scope: Scope, ticket_id: TicketId, form: bytes) -> PageResponse | ServiceResponse:
        """Takes the seat that is offered, or proves the address with the form's token, and redirects to the ticket's
        page, which says so if that was not possible."""
        path, token = internal_client.ticket_path(ticket_id, "/confirm"), _token(form)
        headers = [(b"content-type", b"application/json")]
        body = msgspec.json.encode({"token": token} if token else {})
        response = await internal_client.request(self._app, scope, "POST", path, headers=headers, body=body)
        if response.status in (400, 401) and token:
            return responses.see_other(page_language(scope).path(f"/t/{ticket_id}?{WRONG}=1"))
        if response.status in (401, 403, 409):
            return responses.see_other(page_language(scope).path(f"/t/{ticket_id}"))
        if response.status >= 300:
            return response
        return responses.see_other(page_language(scope).path(f"/t/{ticket_id}?{CONFIRMING}=1"))

    async def _find(self, scope: Scope, ticket_id: TicketId) -> tuple[Ticket, Event, int | None] | ServiceResponse:
        response = await internal_client.read_ticket(self._app, scope, ticket_id)
        if response.status != 200:
            return response
        ticket = view.decode_ticket(response.body).data
        event = await internal_client.read_event_of_ticket(self._app, scope, ticket.event_id)
        if event.status != 200:
            return event
        return ticket, view.decode_event(event.body).data, response.retry_seconds

    def _render(self, ticket: Ticket, event: Event, moment: dict[str, Any], said: PageLanguage) -> CachedTemplate:
        context = {**_context(said.language, ticket, event), **moment}
        return self._templates.render("pages/ticket.html", context, said)

    def _slots(
        self, language: Language, ticket: Ticket, event: Event, retry_seconds: int, now: float
    ) -> dict[str, str]:
        position = ticket.position or 0
        return {
            "now": str(int(now * 1000)),
            "draw_left": view.time_left(language, from_iso(event.draw_at).timestamp() - now) if event.draw_at else "",
            "left": view.time_left(language, from_iso(ticket.expires_at).timestamp() - now)
            if ticket.expires_at
            else "",
            "ticket": ticket.ticket_id,
            "position": str(position),
            "position_text": language.number(position) if position else "…",
            "likely": "" if ticket.unlikely is True else " hidden",
            "wait": view.wait_text(language, ticket.estimated_seconds or 0),
            "retry": str(retry_seconds),
            "reference": ticket.reference,
            "qr": qr_code(ticket.check_in_code, language.gettext("QR code of your ticket"))
            if ticket.check_in_code
            else "",
        }


def _is_offered(ticket: Ticket) -> bool:
    return ticket.confirmed_by is ConfirmedBy.HOLDER


def _is_unproved(ticket: Ticket) -> bool:
    return ticket.confirmed_by is ConfirmedBy.ADDRESS


def _details(ticket: Ticket, event: Event) -> tuple[int | str, ...]:
    """Returns what a ticket shows of itself and its event: none of the numbers that move while people register."""
    seats = (ticket.quantity, _type_name(ticket, event), ticket.checked_in_quantity)
    offer = event.hold.seconds if event.hold is not None and event.hold.confirmed_by == "holder" else 0
    hold = (ticket.expires_at or "", _is_offered(ticket), _is_unproved(ticket), offer, event.draw_at or "")
    when = (event.start_time, event.end_time, event.timezone)
    return (event.id, event.name, event.location, *when, *seats, *hold)


def _token(form: bytes) -> str:
    """Reads the token that a person may have copied with white space around it; empty without one."""
    try:
        return dict(parse_qsl(form.decode("utf-8", "replace"), max_num_fields=_FIELDS)).get("token", "").strip()
    except ValueError:
        return ""


def _pending(scope: Scope, ticket: Ticket) -> str:
    """Returns what the ticket's holder did a moment ago, as long as its turn has not come; else an empty text."""
    query: bytes = scope.get("query_string", b"")
    if CANCELLING.encode() in query and ticket.status not in _ENDS:
        return CANCELLING
    return CONFIRMING if CONFIRMING.encode() in query and (_is_offered(ticket) or _is_unproved(ticket)) else ""


def _offers(language: Language, event: Event) -> str:
    """Says how long those who move up the waitlist have to take their seat; empty if it is theirs at once."""
    hold = event.hold
    return view.duration(language, hold.seconds) if hold is not None and hold.confirmed_by == "holder" else ""


def _type_name(ticket: Ticket, event: Event) -> str:
    """Names the ticket's type; empty without one."""
    return next((found.name for found in event.ticket_types if found.id == ticket.ticket_type), "")


def _context(language: Language, ticket: Ticket, event: Event) -> dict[str, Any]:
    return {
        "assets": files.base(),
        "log_labels": messages.log_labels(language),
        "labels": messages.ticket_labels(language),
        "status": ticket.status,
        "reason": _reason(language, ticket),
        "offered": _is_offered(ticket),
        "unproved": _is_unproved(ticket),
        "offers": _offers(language, event),
        "expires_at": ticket.expires_at or "",
        "expires": view.moment(language, from_iso(ticket.expires_at)) if ticket.expires_at else "",
        "draws": view.moment(language, from_iso(event.draw_at)) if event.draw_at else "",
        "called_off": ticket.reason == "event_cancelled",
        "ended": ticket.status in _ENDS,
        "checked_in": ticket.checked_in_at is not None,
        "quantity": ticket.quantity,
        "inside": ticket.checked_in_quantity,
        "type_name": _type_name(ticket, event),
        "event": event,
        "log_url": f"/events/{event.id}/log/checkpoint",
        "when": view.when(language, from_iso(event.start_time), from_iso(event.end_time), event.timezone),
    }


def _reason(language: Language, ticket: Ticket) -> str:
    """Explains why a ticket has no seat; empty if it may still get one."""
    if ticket.status == "cancelled":
        return language.gettext(messages.CANCELLATIONS.get(ticket.reason or "", messages.CANCELLED))
    reason = messages.REASONS.get(ticket.reason or "")
    return language.gettext(reason) if reason else ""


@lru_cache(maxsize=2048)
def qr_code(check_in_code: str, title: str) -> str:
    """Returns the check-in code as an inline SVG without styles. It does not contain the ticket's key."""
    code = segno.make(check_in_code, micro=False, error="m", boost_error=False, mask=_MASK)
    return code.svg_inline(border=2, omitsize=True, lineclass=None, svgclass="qr", title=title)
