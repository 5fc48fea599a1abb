"""`/e/{id}`: the event, the countdown, and the form, which also works without a script.

The form's POST needs no CSRF token. It uses no cookie or other authority of the browser: a site that makes a visitor
send it could send the same registration itself.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from events.domain.public.event import Event, TicketType
from events.domain.times import from_iso
from events.pages import files, internal_client, messages, responses, view
from events.pages.cached_template import CachedTemplate, TemplateCache
from events.pages.internal_client import ServiceResponse
from events.pages.markdown import as_html
from events.pages.page_language import PageLanguage, page_language
from events.pages.previews import preview
from events.pages.responses import PageResponse
from omnify.common.asgi_types import ASGIApp, Header, Scope
from omnify.common.languages import Language

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_FIELDS = 20
# What the limits identify the client by. All other headers are replaced.
_FORWARDED = (b"x-forwarded-for", b"forwarded", b"user-agent", b"host")
# The registration was not refused for good: with the same Idempotency-Key another try is safe.
_RETRYABLE = ("registration_not_open", "registration_paused", "rate_limited", "queue_full", "unavailable")

_CODE_FAULTS = ("code_required", "code_invalid")

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What the visitor sent with the form, and the service's response to it."""

    name: str = ""
    email: str = ""
    ticket_type: str = ""
    quantity: str = ""
    access_code: str = ""
    key: str = ""
    code: str = ""
    status: int = 200
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    retry_seconds: int | None = None


class EventPage:
    """The event's page and its form."""

    def __init__(
        self, *, app: ASGIApp, templates: TemplateCache, public_url: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self._public_url = public_url
        self._app = app
        self._templates = templates
        self._clock = clock

    async def read(self, scope: Scope, event_id: int) -> PageResponse | ServiceResponse:
        """Returns the page, or the service's response if it is not a success."""
        event = await internal_client.read_event(self._app, scope, event_id)
        if event.status != 200:
            return event
        # Requests that arrive together get the same bytes from the service, so these bytes are the cache's key.
        said = page_language(scope)
        template = self._templates.get((event.body, said), lambda: self._render(event.body, said))
        slots = self._slots(secrets.token_urlsafe(16))
        # A draft is its organizer's secret, and the service says that it is not to be stored.
        return responses.page(
            template.fill(slots), secret=event.header(b"cache-control") == "no-store", now_ms=slots["now"]
        )

    async def register(self, scope: Scope, event_id: int, body: bytes) -> PageResponse | ServiceResponse:
        """Sends the form's registration to the service.

        Returns a redirect to the ticket, the form with its errors, or the service's response if the event is not found.
        """
        attempt, said = _read_form(body), page_language(scope)
        sent = await internal_client.request(
            self._app,
            scope,
            "POST",
            internal_client.event_path(event_id, "/register"),
            headers=[*_forwarded(scope), *_json_headers(attempt.key)],
            body=_encode({**_fields(attempt), "language": said.language.code}),
        )
        if sent.status == 202:
            return responses.see_other(said.path(f"/t/{msgspec.json.decode(sent.body)['data']['ticket_id']}"))
        event = await internal_client.read_event(self._app, scope, event_id)
        if event.status != 200:
            return event
        return self._show_again(event.body, said, _refused(said.language, attempt, sent))

    def _show_again(self, event: bytes, said: PageLanguage, attempt: Attempt) -> PageResponse:
        template = self._render(event, said, attempt)
        key = attempt.key if attempt.code in _RETRYABLE else secrets.token_urlsafe(16)
        body = template.fill(self._slots(key))
        return responses.page(body, status=attempt.status, retry_seconds=attempt.retry_seconds)

    def _render(self, event: bytes, said: PageLanguage, attempt: Attempt | None = None) -> CachedTemplate:
        context = _context(event, said, attempt)
        shown = preview(context["event"], public_url=self._public_url, when=context["when"])
        return self._templates.render("pages/event.html", {**context, "preview": shown}, said)

    def _slots(self, key: str) -> dict[str, str]:
        return {"now": str(int(self._clock() * 1000)), "key": key}


def _read_form(body: bytes) -> Attempt:
    try:
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:
        fields = {}
    key = fields.get("key", "")
    return Attempt(
        name=fields.get("name", ""),
        email=fields.get("email", ""),
        ticket_type=fields.get("ticket_type", ""),
        quantity=fields.get("quantity", ""),
        access_code=fields.get("code", ""),
        key=key if _KEY.fullmatch(key) else secrets.token_urlsafe(16),
    )


def _fields(attempt: Attempt) -> dict[str, Any]:
    """Returns the body of the registration. What is not a number is sent as it is: the service says what is wrong."""
    seats = {"ticket_type": attempt.ticket_type, "quantity": attempt.quantity}
    numbers = {name: int(text) if _NUMBER.fullmatch(text) else text for name, text in seats.items() if text}
    code = {"code": attempt.access_code} if attempt.access_code.strip() else {}
    return {"name": attempt.name, "email": attempt.email, **numbers, **code}


def _forwarded(scope: Scope) -> list[Header]:
    return [(name, value) for name, value in scope["headers"] if name in _FORWARDED]


def _json_headers(key: str) -> list[Header]:
    return [(b"content-type", b"application/json"), (b"idempotency-key", key.encode())]


def _refused(language: Language, attempt: Attempt, response: ServiceResponse) -> Attempt:
    refusal = view.decode_refusal(response.body)
    # Said where it is to be put right, too.
    faults = {"code": [messages.message(language, refusal.code)]} if refusal.code in _CODE_FAULTS else {}
    return replace(
        attempt,
        code=refusal.code,
        status=response.status,
        errors=_in(language, refusal.errors) if refusal.errors else faults,
        retry_seconds=response.retry_seconds,
    )


def _in(language: Language, errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {field: [messages.field_error(language, text) for text in texts] for field, texts in errors.items()}


def _type(language: Language, found: TicketType, attempt: Attempt) -> dict[str, Any]:
    """Returns one choice of the form."""
    return {
        "id": found.id,
        "name": found.name,
        "price": found.price,
        "state": found.registration_state,
        "left": messages.seats_left(language, found.registration_state, found.seats_left),
        "off": found.registration_state not in ("open", "waitlist", "upcoming"),
        "checked": attempt.ticket_type == str(found.id),
    }


def _hold_text(language: Language, event: Event) -> str:
    """Says how seats are held first; empty if none is."""
    hold = event.hold
    if hold is None or (hold.applies_to == "waitlist" and not event.waitlist_capacity):
        return ""
    return messages.hold(language, hold.confirmed_by, hold.applies_to, view.duration(language, hold.seconds))


def _context(body: bytes, said: PageLanguage, attempt: Attempt | None = None) -> dict[str, Any]:
    language = said.language
    event = view.decode_event(body).data
    attempt = attempt or Attempt()
    # A code may let in before registration opens for all.
    with_code = event.has_codes or event.access == "code"
    states = ("open", "waitlist", "upcoming") if with_code else ("open", "waitlist")
    paused = event.registration_paused and event.registration_state in ("open", "waitlist", "upcoming")
    chip_state = "paused" if paused else event.registration_state
    return {
        "with_code": with_code,
        "types": [_type(language, found, attempt) for found in event.ticket_types],
        "assets": files.base(),
        "event": event,
        "log_url": f"/events/{event.id}/log/checkpoint",
        "resend_url": said.path(f"/e/{event.id}/resend"),
        "description": as_html(event.description or ""),
        "when": view.when(language, from_iso(event.start_time), from_iso(event.end_time), event.timezone),
        "opens": view.moment(language, from_iso(event.registration_opens_at)),
        "draws": view.moment(language, from_iso(event.draw_at)) if event.draw_at else "",
        "entered": language.number(event.entered_count),
        "chip_state": chip_state,
        "state_text": language.gettext(messages.CHIPS[chip_state]) if chip_state in messages.CHIPS else "",
        "seats_left": language.number(event.seats_left),
        "capacity": language.number(event.max_capacity),
        "taken": event.max_capacity - event.seats_left,
        "waitlist_left": language.number(max(0, event.waitlist_capacity - event.waitlisted_count)),
        "held": language.number(event.held_count),
        "hold_text": _hold_text(language, event),
        "can_register": event.registration_state in states,
        "log_labels": messages.log_labels(language),
        "labels": messages.event_labels(language),
        "attempt": attempt,
        "retry_time": view.retry_time(language, attempt.retry_seconds or 0),
        "message": messages.message(language, attempt.code) if attempt.code else "",
    }
