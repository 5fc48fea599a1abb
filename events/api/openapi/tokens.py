"""Descriptions of `/tokens` and `/audit`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.events import BAD_QUERY, NO_PAGE
from events.api.openapi.examples import page_example
from events.api.openapi.responses import (
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
from events.api.token_fields import TokenInput
from events.domain.public.definition import example
from events.domain.public.token import AuditEntry, NewToken, Token
from omnify.common.envelope import Code

_TOKEN = example(Token)
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
        201: good(success_with(NewToken), "Made; `token` is shown this once.", token=example(NewToken)),
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
            success_with(Token),
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
        200: good(page_of(AuditEntry), "A page, newest first.", page=page_example("/audit", example(AuditEntry))),
        **BAD_QUERY,
        **NO_PAGE,
    },
    *paging(),
    description="What was done to what is yours: sign-ins, exports, changes, check-ins. It cannot be changed.",
)
