"""`/mail/opt-out/{token}`: where `List-Unsubscribe` leads. The token opens nothing else.

Mail programs POST to it, without a cookie (RFC 8058). People who follow the link see a page with a button: opening it
changes nothing, which scanners of mail do too.
"""

from __future__ import annotations

from django.http import HttpResponse
from django.template.loader import render_to_string
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from events.api.refusals import Refusal
from events.api.views.base import ApiView
from events.domain.scopes import ANYONE
from events.ledger.mail.opt_outs import opt_out
from events.secrets import tickets
from omnify.common.envelope import Code
from omnify.common.languages import language, wished


@extend_schema(exclude=True)
class MailOptOutView(ApiView):
    """Asks, and switches news about a ticket's event off."""

    authentication_classes = []
    scopes = {"GET": ANYONE, "POST": ANYONE}

    def get(self, request: Request, token: str) -> HttpResponse:
        """Answers with the page that asks."""
        _ticket_of(token)
        return _page(request, done=False)

    def post(self, request: Request, token: str) -> HttpResponse:
        """Switches them off. What the body says does not matter."""
        if not opt_out(*_ticket_of(token)):
            raise _unknown()
        return _page(request, done=True)


def _ticket_of(token: str) -> tuple[int, str]:
    found = tickets().parse_opt_out_token(token)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Refusal:
    return Refusal(Code.TICKET_NOT_FOUND, 404, "There is no such ticket.")


def _page(request: Request, *, done: bool) -> HttpResponse:
    said = language(wished(request.headers.get("Accept-Language", "")))
    response = HttpResponse(render_to_string("mail/opt_out.html", {"language": said, "done": done}))
    response["Cache-Control"] = "no-store"
    return response
