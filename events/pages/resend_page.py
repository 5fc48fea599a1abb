"""`/e/{id}/resend`: has the ticket of an address mailed again. Its form works without a script.

It says the same whether the address has a ticket or not, like the service behind it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from events.pages import files, internal_client, messages, responses, view
from events.pages.cached_template import TemplateCache
from events.pages.internal_client import ServiceResponse
from events.pages.page_language import PageLanguage, page_language
from events.pages.responses import PageResponse
from omnify.common.asgi_types import ASGIApp, Scope

_FIELDS = 20
# What the limit identifies the client by.
_FORWARDED = (b"x-forwarded-for", b"forwarded", b"user-agent", b"host")


class ResendPage:
    """The page of one event, and its form."""

    def __init__(self, *, app: ASGIApp, templates: TemplateCache) -> None:
        self._app = app
        self._templates = templates

    async def read(self, scope: Scope, event_id: int) -> PageResponse | ServiceResponse:
        """Returns the page with an empty form, or the service's response if there is no such event."""
        return await self._show(scope, event_id)

    async def ask(self, scope: Scope, event_id: int, body: bytes) -> PageResponse | ServiceResponse:
        """Sends what was typed to the service, and returns the page with what it says."""
        email = _email(body)
        path = internal_client.event_path(event_id, "/resend")
        headers = [(name, value) for name, value in scope["headers"] if name in _FORWARDED]
        sent = await internal_client.request(
            self._app,
            scope,
            "POST",
            path,
            headers=[*headers, (b"content-type", b"application/json")],
            body=msgspec.json.encode({"email": email}),
        )
        if sent.status not in (202, 400, 429):
            return sent
        return await self._show(scope, event_id, email=email, sent=sent)

    async def _show(
        self, scope: Scope, event_id: int, *, email: str = "", sent: ServiceResponse | None = None
    ) -> PageResponse | ServiceResponse:
        found = await internal_client.read_event(self._app, scope, event_id)
        if found.status != 200:
            return found
        event, said = view.decode_event(found.body).data, page_language(scope)
        context = {
            "assets": files.base(),
            "event": event,
            "email": email,
            "asked": sent is not None and sent.status == 202,
            **_trouble(said, sent),
        }
        template = self._templates.render("pages/resend.html", context, said)
        retry = sent.retry_seconds if sent else None
        return responses.page(template.fill({}), secret=True, status=sent.status if sent else 200, retry_seconds=retry)


def _trouble(said: PageLanguage, sent: ServiceResponse | None) -> dict[str, Any]:
    if sent is None or sent.status == 202:
        return {}
    refusal = view.decode_refusal(sent.body)
    errors = refusal.errors.get("email", []) if refusal.errors else []
    error = " ".join(messages.field_error(said.language, text) for text in errors)
    return {"error": error, "retry_time": view.retry_time(said.language, sent.retry_seconds or 0)}


def _email(body: bytes) -> str:
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_FIELDS)).get("email", "")
    except ValueError:
        return ""
