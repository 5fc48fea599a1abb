"""`/e/{id}`: the event, the countdown, and the form, which also works without a script.

The form's POST needs no CSRF token. It uses no authority of the browser it comes from: whoever can make a visitor send
it could send the same registration themselves.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from events.pages import answers, files, internal_client, messages, view
from events.pages.answers import Page
from events.pages.cached_template import Sheets
from events.pages.internal_client import Application, Header, Reply, Scope

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_FIELDS = 20
# The client's own: who it is to the limit on registering. Everything else is written anew.
_PASSED_ON = (b"x-forwarded-for", b"forwarded", b"user-agent", b"host")
# Nothing is known to have been refused for good: the same key makes another try safe.
_TRY_AGAIN = ("registration_not_open", "rate_limited", "queue_full", "unavailable")

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody sent with the form, and what became of it."""

    name: str = ""
    email: str = ""
    key: str = ""
    code: str = ""
    status: int = 200
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    retry_seconds: int | None = None


class EventPage:
    """The event's page and its form."""

    def __init__(self, *, app: Application, sheets: Sheets, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._sheets = sheets
        self._clock = clock

    async def read(self, scope: Scope, event_id: int) -> Page | Reply:
        """The page; or the service's reply, if it is not a success."""
        reply = await internal_client.ask(self._app, scope, "GET", internal_client.event_path(event_id))
        if reply.status != 200:
            return reply
        # The service answers all who ask at the same time with the same bytes, so the sheet is found by them.
        sheet = self._sheets.kept(reply.body, lambda: self._sheets.render("pages/event.html", _context(reply.body)))
        slots = self._slots(secrets.token_urlsafe(16))
        return answers.page(sheet.fill(slots), now_ms=slots["now"])

    async def register(self, scope: Scope, event_id: int, body: bytes) -> Page | Reply:
        """Sends the form on. A ticket's page, the form again with what was wrong, or the service's reply."""
        attempt = _read_form(body)
        sent = await internal_client.ask(
            self._app,
            scope,
            "POST",
            internal_client.event_path(event_id, "/register"),
            headers=[*_passed_on(scope), *_json_headers(attempt.key)],
            body=_encode({"name": attempt.name, "email": attempt.email}),
        )
        if sent.status == 202:
            return answers.see_other(f"/t/{msgspec.json.decode(sent.body)['data']['ticket_id']}")
        event = await internal_client.ask(self._app, scope, "GET", internal_client.event_path(event_id))
        if event.status != 200:
            return event
        return self._again(event.body, _refused(attempt, sent))

    def _again(self, event: bytes, attempt: Attempt) -> Page:
        sheet = self._sheets.render("pages/event.html", _context(event, attempt))
        key = attempt.key if attempt.code in _TRY_AGAIN else secrets.token_urlsafe(16)
        body = sheet.fill(self._slots(key))
        return answers.page(body, status=attempt.status, retry_seconds=attempt.retry_seconds)

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
        key=key if _KEY.fullmatch(key) else secrets.token_urlsafe(16),
    )


def _passed_on(scope: Scope) -> list[Header]:
    return [(name, value) for name, value in scope["headers"] if name in _PASSED_ON]


def _json_headers(key: str) -> list[Header]:
    return [(b"content-type", b"application/json"), (b"idempotency-key", key.encode())]


def _refused(attempt: Attempt, reply: Reply) -> Attempt:
    refusal = view.decode_refusal(reply.body)
    return Attempt(
        name=attempt.name,
        email=attempt.email,
        key=attempt.key,
        code=refusal.code,
        status=reply.status,
        errors=refusal.errors or {},
        retry_seconds=reply.retry_seconds,
    )


def _context(body: bytes, attempt: Attempt | None = None) -> dict[str, Any]:
    event = view.decode_event(body).data
    attempt = attempt or Attempt()
    return {
        "assets": files.base(),
        "event": event,
        "when": view.when(event.start_time, event.end_time),
        "opens": view.moment(event.registration_opens_at),
        "state_words": messages.STATES.get(event.registration_state, ""),
        "states": messages.STATES,
        "seats_left": f"{event.seats_left:,}",
        "capacity": f"{event.max_capacity:,}",
        "taken": event.max_capacity - event.seats_left,
        "waitlist_left": max(0, event.waitlist_capacity - event.waitlisted_count),
        "can_register": event.registration_state in ("open", "waitlist"),
        "messages": messages.MESSAGES,
        "attempt": attempt,
        "message": messages.message(attempt.code) if attempt.code else "",
    }
