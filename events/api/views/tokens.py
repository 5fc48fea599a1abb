"""`/tokens`: an organizer's own tokens. Only one with the scope `full` may make others, or end them."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from msgspec.structs import asdict
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.lists import ListView, numbered_page
from events.api.permissions import token_of
from events.api.refusals import Refusal
from events.api.token_fields import TokenInput, render_token
from events.api.views.base import ApiView, organizer_of, trail_of, validated
from events.domain.audit import Action
from events.domain.public.token import NewToken
from events.domain.scopes import ONLY_FULL
from events.ledger.tokens import own_tokens, revoke
from events.models import OrganizerToken
from omnify.common.envelope import Code


class TokenList(ListView):
    """Lists the organizer's tokens, and makes one."""

    scopes = {"GET": ONLY_FULL, "POST": ONLY_FULL}

    @openapi.LIST_TOKENS
    def get(self, request: Request) -> HttpResponse:
        """Answers with a page, newest first."""
        rows, shown = own_tokens(organizer_id=organizer_of(request).pk), token_of(request).pk
        data = numbered_page(
            self.list_query, rows, lambda page: [render_token(row, current=row.pk == shown) for row in page]
        )
        return responses.ok(data, message="Your tokens, newest first.")

    @openapi.CREATE_TOKEN
    def post(self, request: Request) -> HttpResponse:
        """Makes a token, shown once."""
        organizer = organizer_of(request)
        fields = validated(TokenInput(data=request.data, context={"organizer": organizer, "now": timezone.now()}))
        with transaction.atomic():
            row, token = OrganizerToken.issue_row(organizer, **fields)
            trail_of(request).record(Action.TOKEN_CREATED, row)
        data = NewToken(**asdict(render_token(row, current=False)), token=token)
        return responses.ok(data, message="The token is made. Keep it: it is shown this once.", status=201)


class TokenDetail(ApiView):
    """Revokes one token."""

    scopes = {"DELETE": ONLY_FULL}

    @openapi.REVOKE_TOKEN
    def delete(self, request: Request, token_id: int | None) -> HttpResponse:
        """Revokes the token permanently. Repeating it is harmless."""
        tokens = own_tokens(organizer_id=organizer_of(request).pk).filter(pk=token_id or 0)
        with transaction.atomic():
            revoke(tokens, now=timezone.now())
            row = tokens.first()
            if row is None:
                raise Refusal(Code.TOKEN_NOT_FOUND, 404, "There is no such token.")
            trail_of(request).record(Action.TOKEN_REVOKED, row)
        return responses.ok(render_token(row, current=row.pk == token_of(request).pk), message="The token is revoked.")
