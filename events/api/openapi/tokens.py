"""Descriptions of `/tokens` and `/audit`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from events.api.openapi.answers import (
    BODY_FAULTS,
    CHALLENGE,
    NO_TOKEN,
    ORGANIZER,
    OUTAGE,
    RETRY_AFTER_OUTAGE,
    bad,
    good,
    paging,
)
from events.api.openapi.events import BAD_QUERY, NO_PAGE
from events.api.openapi.examples import page_example
from events.api.openapi.shapes import answer_with, names, page_of
from events.api.token_fields import TokenInput
from events.domain.audit import Action, ActorKind
from events.domain.scopes import Scope
from omnify.common.envelope import Code


class Token(serializers.Serializer[Any]):
    """An organizer's token, without the token."""

    id = serializers.IntegerField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    scope = serializers.ChoiceField(choices=names(Scope))
    event_id = serializers.IntegerField(allow_null=True, help_text="The one event it is for; null: all.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="Behind by up to a minute.")
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    current = serializers.BooleanField(help_text="Whether this was asked with it.")


class NewToken(Token):
    """A token that has just been made."""

    token = serializers.CharField(help_text="Shown this once.")


class AuditEntry(serializers.Serializer[Any]):
    """One act."""

    at = serializers.DateTimeField()
    action = serializers.ChoiceField(choices=names(Action))
    actor = serializers.ChoiceField(choices=names(ActorKind))
    token_id = serializers.IntegerField(allow_null=True, help_text="Of an organizer's act.")
    address = serializers.CharField(
        allow_null=True, help_text="Where the act came from, IPv6 as its /64; null for an operator's."
    )
    object_type = serializers.CharField(allow_null=True)
    object_id = serializers.CharField(allow_null=True, help_text="A number, or a ticket's reference.")


_TOKEN = {
    "id": 3,
    "label": "North entrance",
    "scope": "check-in",
    "event_id": 7,
    "created_at": "2030-11-01T09:00:00.000+00:00",
    "last_used_at": "2030-12-01T17:42:00.000+00:00",
    "expires_at": "2030-12-02T00:00:00.000+00:00",
    "revoked_at": None,
    "current": False,
}
_ENTRY = {
    "at": "2030-12-01T17:42:10.120+00:00",
    "action": "checked_in",
    "actor": "organizer",
    "token_id": 3,
    "address": "192.0.2.7",
    "object_type": "ticket",
    "object_id": "7-Zk3vB9qT",
}
_ID = OpenApiParameter("token_id", OpenApiTypes.INT, OpenApiParameter.PATH)


def _describe(
    name: str, summary: str, responses: dict[int, OpenApiResponse], *parameters: OpenApiParameter, **more: Any
) -> Any:
    return extend_schema(
        operation_id=name,
        summary=summary,
        tags=["tokens"],
        auth=ORGANIZER,
        parameters=[*parameters, CHALLENGE, RETRY_AFTER_OUTAGE],
        responses={**NO_TOKEN, **OUTAGE, **responses},
        **more,
    )


LIST_TOKENS = _describe(
    "list_tokens",
    "List your tokens",
    {200: good(page_of(Token), "A page, newest first.", page=page_example("/tokens", _TOKEN)), **BAD_QUERY, **NO_PAGE},
    *paging(),
)

CREATE_TOKEN = _describe(
    "create_token",
    "Make a token",
    {
        201: good(answer_with(NewToken), "Made; `token` is shown this once.", token={**_TOKEN, "token": "omn_..."}),
        400: bad(
            "Malformed JSON, or a missing or bad field; `errors` names each.",
            (Code.INVALID, "The request is not valid.", {"expires_at": ["It must be in the future."]}),
        ),
        **BODY_FAULTS,
    },
    request=TokenInput,
    description=(
        "`full` reaches everything, `read` all but secrets and ticket ids, `check-in` check-ins, the event, and of its "
        "guests what an entrance needs: of one event or of all."
    ),
    examples=[
        OpenApiExample(
            "entrance",
            value={name: _TOKEN[name] for name in ("label", "scope", "event_id", "expires_at")},
            request_only=True,
        )
    ],
)

REVOKE_TOKEN = _describe(
    "revoke_token",
    "Revoke a token",
    {
        200: good(
            answer_with(Token),
            "It no longer counts, at the register route within 30 seconds. Twice is harmless.",
            token={**_TOKEN, "revoked_at": "2030-12-01T20:00:00.000+00:00"},
        ),
        404: bad("There is no such token of yours.", (Code.TOKEN_NOT_FOUND, "There is no such token.")),
    },
    _ID,
)

READ_AUDIT = _describe(
    "read_audit",
    "Read the audit trail",
    {
        200: good(page_of(AuditEntry), "A page, newest first.", page=page_example("/audit", _ENTRY)),
        **BAD_QUERY,
        **NO_PAGE,
    },
    *paging(),
    description="What was done to what is yours: sign-ins, exports, changes, check-ins. It cannot be changed.",
)
