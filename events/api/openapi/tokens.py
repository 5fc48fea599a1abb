"""Descriptions of `/tokens` and `/audit`."""

from __future__ import annotations

from functools import partial

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import page_example
from events.api.openapi.parameters import id_in_path, paging
from events.api.openapi.responses import BAD_QUERY, BODY_FAULTS, NO_PAGE, bad, describe, good, invalid
from events.api.token_fields import TokenInput
from events.domain.audit import OBJECT_ID_MAX, OBJECT_TYPES
from events.domain.public.definition import example
from events.domain.public.token import AuditEntry, NewToken, Token
from omnify.common.envelope import Code

_TOKEN = example(Token)
_ID = id_in_path("token_id")


_describe = partial(describe, tags=["tokens"])

LIST_TOKENS = _describe(
    operation_id="list_tokens",
    summary="List your tokens",
    description="Yours, newest first, revoked and expired ones too. The tokens themselves are not shown.",
    parameters=paging(),
    responses={
        200: good(page_of(Token), "A page, newest first.", page=page_example("/tokens", _TOKEN)),
        **BAD_QUERY,
        **NO_PAGE,
    },
)

CREATE_TOKEN = _describe(
    operation_id="create_token",
    summary="Make a token",
    description=(
        "`full` reaches everything, `read` all but secrets and ticket ids, `check-in` check-ins, the event, and of its "
        "guests what an entrance needs: of one event or of all."
    ),
    request=TokenInput,
    examples=[
        OpenApiExample(
            "entrance",
            value={name: _TOKEN[name] for name in ("label", "scope", "event_id", "expires_at")},
            request_only=True,
        )
    ],
    responses={
        201: good(success_with(NewToken), "Made; `token` is shown this once.", token=example(NewToken)),
        400: invalid("expires_at", "It must be in the future."),
        **BODY_FAULTS,
    },
)

REVOKE_TOKEN = _describe(
    operation_id="revoke_token",
    summary="Revoke a token",
    description="The token and the sessions that it began end, and do not come back.",
    parameters=[_ID],
    responses={
        200: good(
            success_with(Token),
            "It no longer counts, at the register route within 30 seconds. Twice is harmless.",
            token={**_TOKEN, "revoked_at": "2030-12-01T20:00:00.000+00:00"},
        ),
        404: bad("There is no such token of yours.", (Code.TOKEN_NOT_FOUND, "There is no such token.")),
    },
)

READ_AUDIT = _describe(
    operation_id="read_audit",
    summary="Read the audit trail",
    description="What was done to what is yours: sign-ins, exports, changes, check-ins. It cannot be changed.",
    parameters=[
        *paging(),
        OpenApiParameter("object_type", str, enum=list(OBJECT_TYPES), description="Only acts on such objects."),
        OpenApiParameter(
            "object_id",
            {"type": "string", "minLength": 1, "maxLength": OBJECT_ID_MAX},
            description="Only what was done to this one, of `object_type`: a ticket by its reference.",
        ),
    ],
    responses={
        200: good(page_of(AuditEntry), "A page, newest first.", page=page_example("/audit", example(AuditEntry))),
        **BAD_QUERY,
        **NO_PAGE,
    },
)
